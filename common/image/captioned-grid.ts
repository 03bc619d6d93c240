import { AsyncDiffError } from '../errors/index.js';
import { GLYPH_HEIGHT, GLYPH_WIDTH, glyphPixel } from './bitmap-font.js';
import type { RgbImage } from './rgb-image.js';

/** Small pictures are enlarged until a cell is about this wide, so that people can see them. */
const CELL_PIXELS = 256;
const PADDING = 8;
const GROUND = 255;
const INK = 51;

interface GridOptions {
  /** Whole-number enlargement (nearest pixel); by default what brings a picture to about 256 pixels. */
  readonly scale?: number;
}

/**
 * Pictures of one size in rows of `columns`, each with its label beneath it (wrapped at words).
 * Raises `invalid_input` for no pictures, for pictures of several sizes, or for another number of labels.
 */
export function gridPicture(
  images: readonly RgbImage[],
  labels: readonly string[],
  columns: number,
  options: GridOptions = {},
): RgbImage {
  const first = images[0];
  if (first === undefined || images.length !== labels.length || columns < 1) {
    throw new AsyncDiffError('invalid_input', `a grid of ${images.length} pictures, ${labels.length} labels`);
  }
  if (images.some(({ width, height }) => width !== first.width || height !== first.height)) {
    throw new AsyncDiffError('invalid_input', 'pictures of one grid must have one size');
  }
  const scale = options.scale ?? Math.max(1, Math.round(CELL_PIXELS / first.width));
  const [imageWidth, imageHeight] = [first.width * scale, first.height * scale];
  const textScale = imageWidth >= 192 ? 2 : 1;
  const advance = (GLYPH_WIDTH + 1) * textScale;
  const lineHeight = (GLYPH_HEIGHT + 3) * textScale;
  const wrapped = labels.map((label) => wrap(label, Math.max(1, Math.floor(imageWidth / advance))));
  const lines = Math.max(...wrapped.map((rows) => rows.length));
  const cellWidth = imageWidth + PADDING;
  const cellHeight = imageHeight + lines * lineHeight + 2 * PADDING;
  const rows = Math.ceil(images.length / columns);
  const canvas = new Canvas(
    Math.min(columns, images.length) * cellWidth + PADDING,
    rows * cellHeight + PADDING,
  );
  images.forEach((image, i) => {
    const left = PADDING + (i % columns) * cellWidth;
    const top = PADDING + Math.floor(i / columns) * cellHeight;
    canvas.draw(image, left, top, scale);
    wrapped[i]?.forEach((line, row) => {
      const indent = Math.floor((imageWidth - Array.from(line).length * advance + textScale) / 2);
      canvas.write(line, left + indent, top + imageHeight + PADDING + row * lineHeight, textScale);
    });
  });
  return canvas.image;
}

/** Pictures in one row, each with its label beneath it. */
export function sideBySide(
  images: readonly RgbImage[],
  labels: readonly string[],
  options: GridOptions = {},
): RgbImage {
  return gridPicture(images, labels, Math.max(1, images.length), options);
}

class Canvas {
  readonly image: RgbImage;

  constructor(width: number, height: number) {
    this.image = { width, height, data: new Uint8Array(width * height * 3).fill(GROUND) };
  }

  draw(source: RgbImage, left: number, top: number, scale: number): void {
    const { width, data } = this.image;
    for (let y = 0; y < source.height * scale; y += 1) {
      for (let x = 0; x < source.width * scale; x += 1) {
        const from = (Math.floor(y / scale) * source.width + Math.floor(x / scale)) * 3;
        data.set(source.data.subarray(from, from + 3), ((top + y) * width + left + x) * 3);
      }
    }
  }

  write(text: string, left: number, top: number, scale: number): void {
    Array.from(text).forEach((character, i) => {
      const start = left + i * (GLYPH_WIDTH + 1) * scale;
      for (let y = 0; y < GLYPH_HEIGHT * scale; y += 1) {
        for (let x = 0; x < GLYPH_WIDTH * scale; x += 1) {
          if (!glyphPixel(character, Math.floor(x / scale), Math.floor(y / scale))) continue;
          const at = ((top + y) * this.image.width + start + x) * 3;
          this.image.data.fill(INK, at, at + 3);
        }
      }
    });
  }
}

function wrap(text: string, lineLength: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
    let characters = Array.from(word);
    if (line !== '' && Array.from(line).length + 1 + characters.length <= lineLength) {
      line += ` ${word}`;
      continue;
    }
    if (line !== '') lines.push(line);
    while (characters.length > lineLength) {
      lines.push(characters.slice(0, lineLength).join(''));
      characters = characters.slice(lineLength);
    }
    line = characters.join('');
  }
  return line === '' && lines.length > 0 ? lines : [...lines, line];
}
