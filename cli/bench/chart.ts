import type { BenchDocument } from './document.js';
import { SvgCanvas, type TextMode } from './svg-canvas.js';

const WIDTH = 960;
const PLOT = { left: 64, right: 24, top: 112, height: 320 };
const FOOT = 92;
const COLOURS = { ink: '#1f2937', faint: '#6b7280', grid: '#e5e7eb', bar: '#2563eb', ideal: '#f59e0b' };
const BAR_PART = 0.56;
const TITLE_LINE = 72;

interface ChartOptions {
  readonly text: TextMode;
}

/** The chart as an SVG document: each configuration's speed-up with its extremes, and its ideal bound. */
export function benchChart(document: BenchDocument, { text }: ChartOptions): string {
  const canvas = new SvgCanvas(WIDTH, PLOT.top + PLOT.height + FOOT, text);
  const { rows } = document;
  const highest = Math.max(1, ...rows.flatMap((row) => [row.ideal_speedup, row.speedup_spread.max]));
  const tick = tickFor(highest);
  const top = Math.ceil((highest * 1.08) / tick) * tick;
  const y = (value: number): number => PLOT.top + PLOT.height * (1 - value / top);
  const plotWidth = WIDTH - PLOT.left - PLOT.right;

  wrap(document.title, TITLE_LINE)
    .slice(0, 3)
    .forEach((line, index) => canvas.text(line, PLOT.left, 28 + index * 22, 16, COLOURS.ink, 'start'));
  canvas.text('speed-up over sequential', PLOT.left, PLOT.top - 12, 12, COLOURS.faint, 'start');
  for (let value = 0; value <= top + tick / 2; value += tick) {
    canvas.line(PLOT.left, y(value), WIDTH - PLOT.right, y(value), COLOURS.grid, 1);
    canvas.text(`${formatTick(value)}x`, PLOT.left - 8, y(value) + 4, 12, COLOURS.faint, 'end');
  }
  canvas.line(PLOT.left, y(1), WIDTH - PLOT.right, y(1), COLOURS.faint, 1, '4 4');

  const slot = plotWidth / Math.max(1, rows.length);
  const bar = Math.min(96, slot * BAR_PART);
  rows.forEach((row, index) => {
    const middle = PLOT.left + slot * (index + 0.5);
    const { min, max } = row.speedup_spread;
    canvas.rect(middle - bar / 2, y(row.speedup), bar, y(0) - y(row.speedup), COLOURS.bar);
    canvas.line(
      middle - bar / 2 - 8,
      y(row.ideal_speedup),
      middle + bar / 2 + 8,
      y(row.ideal_speedup),
      COLOURS.ideal,
      4,
    );
    if (max > min) {
      canvas.line(middle, y(min), middle, y(max), COLOURS.ink, 2);
      for (const end of [min, max]) canvas.line(middle - 7, y(end), middle + 7, y(end), COLOURS.ink, 2);
    }
    canvas.text(`${row.speedup.toFixed(2)}x`, middle, y(0) - 12, 14, '#ffffff', 'middle');
    canvas.text(row.config, middle, y(0) + 20, 14, COLOURS.ink, 'middle');
    const kind = `${row.workers} worker${row.workers === 1 ? '' : 's'}${row.declared ? ', declared' : ''}`;
    canvas.text(kind, middle, y(0) + 38, 12, COLOURS.faint, 'middle');
  });
  canvas.line(PLOT.left, y(0), WIDTH - PLOT.right, y(0), COLOURS.ink, 1);

  const legend = y(0) + 70;
  canvas.rect(PLOT.left, legend - 9, 16, 10, COLOURS.bar);
  canvas.text('measured (median, extremes)', PLOT.left + 24, legend, 12, COLOURS.ink, 'start');
  canvas.line(PLOT.left + 330, legend - 4, PLOT.left + 350, legend - 4, COLOURS.ideal, 4);
  canvas.text('ideal: network and coordinator free', PLOT.left + 358, legend, 12, COLOURS.ink, 'start');
  if (!document.complete) canvas.text('INCOMPLETE', WIDTH - PLOT.right, legend, 12, COLOURS.ink, 'end');
  return canvas.document(
    document.title,
    rows.map((row) => `${row.config} ${row.speedup.toFixed(2)}x`).join(', '),
  );
}

/** The chart as a PNG, at twice its size; needs no fonts. */
export async function benchChartPng(document: BenchDocument): Promise<Uint8Array> {
  const { default: sharp } = await import('sharp');
  return sharp(Buffer.from(benchChart(document, { text: 'paths' })), { density: 144 })
    .flatten({ background: '#ffffff' })
    .png()
    .toBuffer();
}

/** A step of 1, 2 or 5 times a power of ten that gives at most eight lines. */
function tickFor(highest: number): number {
  for (let power = 0.1; ; power *= 10) {
    for (const factor of [1, 2, 5]) if (highest / (factor * power) <= 7) return factor * power;
  }
}

function formatTick(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function wrap(text: string, length: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= length)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
