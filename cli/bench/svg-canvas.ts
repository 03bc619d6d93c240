import { GLYPH_HEIGHT, GLYPH_WIDTH, glyphPixel } from '../../common/image/index.js';

/** `paths` draws text as shapes, for renderers without fonts. */
export type TextMode = 'font' | 'paths';

type Anchor = 'start' | 'middle' | 'end';

/** An SVG document of rectangles, lines, discs and text. */
export class SvgCanvas {
  readonly #width: number;
  readonly #height: number;
  readonly #mode: TextMode;
  readonly #shapes: string[] = [];

  constructor(width: number, height: number, mode: TextMode) {
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

  /** Lines from point to point. */
  path(points: readonly (readonly [number, number])[], stroke: string, width: number): void {
    const list = points.map(([x, y]) => `${round(x)},${round(y)}`).join(' ');
    this.#shapes.push(`<polyline points="${list}" fill="none" stroke="${stroke}" stroke-width="${width}"/>`);
  }

  disc(x: number, y: number, radius: number, fill: string): void {
    this.#shapes.push(`<circle cx="${round(x)}" cy="${round(y)}" r="${radius}" fill="${fill}"/>`);
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
