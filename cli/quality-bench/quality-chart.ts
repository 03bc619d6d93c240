import { SvgCanvas, type TextMode } from '../bench/index.js';
import type { QualityDocument } from './quality-document.js';
import type { QualityRow } from './quality-row.js';
import { type Method, METHODS } from './run-quality.js';

const SIZE = { width: 960, height: 560 };
const PLOT = { left: 84, right: 110, top: 72, bottom: 92 };
const INK = '#1f2937';
const FAINT = '#6b7280';
const GRID = '#e5e7eb';
const LINES: Readonly<Record<Method, { readonly name: string; readonly colour: string }>> = {
  'look-ahead': { name: 'look-ahead', colour: '#2563eb' },
  'asyncdiff-even': { name: 'AsyncDiff, as many in order', colour: '#b45309' },
  asyncdiff: { name: 'AsyncDiff, w = 3', colour: '#f59e0b' },
  'fewer-steps': { name: 'fewer sequential steps', colour: '#6b7280' },
};

/** A configuration's place on the chart. */
interface Point {
  readonly config: string;
  readonly speed: number;
  readonly error: number;
}

interface QualityChartOptions {
  readonly text: TextMode;
  /** `ideal`: if network and coordinator cost nothing, and every worker had cores of its own. */
  readonly speed: 'measured' | 'ideal';
}

/** Error against speed, one curve a method; configurations that equal the sequential run bit for bit have no place on it. */
export function qualityChart(document: QualityDocument, { text, speed }: QualityChartOptions): string {
  const canvas = new SvgCanvas(SIZE.width, SIZE.height, text);
  const curves = METHODS.map((method) => ({ method, points: pointsOf(document.rows, method, speed) })).filter(
    ({ points }) => points.length > 0,
  );
  const all = curves.flatMap(({ points }) => points);
  const [lowest, highest] = decades(all.map(({ error }) => error));
  const [slowest, fastest] = speeds(all.map((point) => point.speed));
  const [right, bottom] = [SIZE.width - PLOT.right, SIZE.height - PLOT.bottom];
  const x = (value: number): number =>
    PLOT.left + ((value - slowest) / (fastest - slowest)) * (right - PLOT.left);
  const y = (error: number): number =>
    bottom - ((Math.log10(error) - lowest) / (highest - lowest)) * (bottom - PLOT.top);

  canvas.text(document.title, PLOT.left, 28, 16, INK, 'start');
  canvas.text(
    'error of the latents over their variance (lower is nearer)',
    PLOT.left,
    PLOT.top - 16,
    12,
    FAINT,
    'start',
  );
  for (let power = lowest; power <= highest; power++) {
    canvas.line(PLOT.left, y(10 ** power), right, y(10 ** power), GRID, 1);
    canvas.text(`1e${power}`, PLOT.left - 8, y(10 ** power) + 4, 12, FAINT, 'end');
  }
  for (let tenth = Math.ceil(slowest * 5); tenth <= fastest * 5; tenth++)
    canvas.text(`${(tenth / 5).toFixed(1)}x`, x(tenth / 5), bottom + 20, 12, FAINT, 'middle');
  canvas.text(`${speed} speed-up over one worker`, right, bottom + 40, 12, FAINT, 'end');
  canvas.line(PLOT.left, bottom, right, bottom, INK, 1);
  for (const { method, points } of curves) {
    const { colour } = LINES[method];
    canvas.path(
      points.map((point) => [x(point.speed), y(point.error)]),
      colour,
      2,
    );
    for (const point of points) {
      canvas.disc(x(point.speed), y(point.error), 5, colour);
      canvas.text(point.config, x(point.speed), y(point.error) - 12, 12, INK, 'middle');
    }
  }
  let left = PLOT.left;
  for (const { method } of curves) {
    const { name, colour } = LINES[method];
    canvas.disc(left, SIZE.height - 24, 5, colour);
    canvas.text(name, left + 12, SIZE.height - 20, 12, INK, 'start');
    left += 40 + name.length * 9;
  }
  if (!document.complete) canvas.text('INCOMPLETE', right, SIZE.height - 20, 12, INK, 'end');
  return canvas.document(
    document.title,
    all
      .map(({ config, speed, error }) => `${config} ${speed.toFixed(2)}x ${error.toExponential(1)}`)
      .join(', '),
  );
}

/** The chart as a PNG, at twice its size; needs no fonts. */
export async function qualityChartPng(
  document: QualityDocument,
  speed: QualityChartOptions['speed'],
): Promise<Uint8Array> {
  const { default: sharp } = await import('sharp');
  return sharp(Buffer.from(qualityChart(document, { text: 'paths', speed })), { density: 144 })
    .flatten({ background: '#ffffff' })
    .png()
    .toBuffer();
}

function pointsOf(rows: readonly QualityRow[], method: Method, speed: QualityChartOptions['speed']): Point[] {
  return rows
    .filter((row) => row.method === method && row.relative_latent_mse.geometric_mean > 0)
    .map((row) => ({
      config: row.config,
      speed: speed === 'ideal' ? row.ideal_speedup : row.speedup,
      error: row.relative_latent_mse.geometric_mean,
    }))
    .sort((a, b) => a.speed - b.speed);
}

/** Whole powers of ten around the errors. */
function decades(errors: readonly number[]): [number, number] {
  const powers = errors.map(Math.log10);
  const low = Math.floor(Math.min(0, ...powers));
  return [low, Math.max(low + 1, Math.ceil(Math.max(low, ...powers)))];
}

/** Fifths around the speeds, from 1 or what is below it. */
function speeds(values: readonly number[]): [number, number] {
  const low = Math.floor(Math.min(1, ...values) * 5) / 5;
  return [low, Math.max(low + 0.4, Math.ceil(Math.max(low, ...values) * 5) / 5)];
}
