import { GLYPH_HEIGHT, GLYPH_WIDTH, glyphPixel } from '../../common/image/index.js';
import type { BenchDocument } from './document.js';

const WIDTH = 960;
const PLOT = { left: 64, right: 24, top: 112, height: 320 };
const FOOT = 92;
const COLOURS = { ink: '#1f2937', faint: '#6b7280', grid: '#e5e7eb', bar: '#2563eb', ideal: '#f59e0b' };
const BAR_PART = 0.56;
const TITLE_LINE = 72;

export interface ChartOptions {
  /** `paths` draws text as shapes, for renderers without fonts. */
  readonly text: 'font' | 'paths';
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

type Anchor = 'start' | 'middle' | 'end';

class SvgCanvas {
  readonly #width: number;
  readonly #height: number;
  readonly #mode: ChartOptions['text'];
  readonly #shapes: string[] = [];

  constructor(width: number, height: number, mode: ChartOptions['text']) {
    this.#width = width;
    this.#height = height;
    this.#mode = mode;
  }

  rect(x: number, y: number, width: number, height: number, fill: string): void {
    this.#shapes.push(
      `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(Math.max(0, height))}" fill="${fill}"/>`,
    );
  }

  line(x1: number, y1: number, x2: number, y2: number, stroke: string, width: number, dashes = ''): void {
    const dash = dashes === '' ? '' : ` stroke-dasharray="${dashes}"`;
    this.#shapes.push(
      `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" stroke="${stroke}" stroke-width="${width}"${dash}/>`,
    );
  }

  /** @param y the baseline */
  text(text: string, x: number, y: number, size: number, fill: string, anchor: Anchor): void {
    if (this.#mode === 'paths') this.#glyphs(text, x, y, size, fill, anchor);
    else
      this.#shapes.push(
        `<text x="${round(x)}" y="${round(y)}" font-size="${size}" fill="${fill}" text-anchor="${anchor}">${escape(text)}</text>`,
      );
  }

  document(title: string, description: string): string {
    const size = `width="${this.#width}" height="${this.#height}" viewBox="0 0 ${this.#width} ${this.#height}"`;
    return `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="system-ui, sans-serif" role="img">
<title>${escape(title)}</title>
<desc>${escape(description)}</desc>
<rect width="100%" height="100%" fill="#ffffff"/>
${this.#shapes.join('\n')}
</svg>
`;
  }

  #glyphs(text: string, x: number, y: number, size: number, fill: string, anchor: Anchor): void {
    // Half units, so that pixels of the font fall on pixels of the picture at twice the size.
    const unit = Math.max(0.5, Math.round((size / (GLYPH_HEIGHT + 2)) * 2) / 2);
    const characters = Array.from(text);
    const width = characters.length * (GLYPH_WIDTH + 1) * unit;
    const left = Math.round(anchor === 'start' ? x : anchor === 'middle' ? x - width / 2 : x - width);
    const top = Math.round(y) - GLYPH_HEIGHT * unit;
    let path = '';
    characters.forEach((character, index) => {
      for (let row = 0; row < GLYPH_HEIGHT; row++) {
        for (let column = 0; column < GLYPH_WIDTH; column++) {
          if (!glyphPixel(character, column, row)) continue;
          const at = left + (index * (GLYPH_WIDTH + 1) + column) * unit;
          path += `M${at} ${top + row * unit}h${unit}v${unit}h-${unit}z`;
        }
      }
    });
    if (path !== '') this.#shapes.push(`<path d="${path}" fill="${fill}" shape-rendering="crispEdges"/>`);
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
