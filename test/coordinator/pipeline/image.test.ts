import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import {
  decodePng,
  encodePng,
  gridPicture,
  imagePsnrDb,
  type RgbImage,
  sideBySide,
  toRgb8,
} from '../../../common/image/index.js';

function picture(width: number, height: number, seed = 1): RgbImage {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 37 * seed + 11) % 256);
  return { width, height, data };
}

function pixel(image: RgbImage, x: number, y: number): number[] {
  const at = (y * image.width + x) * 3;
  return [...image.data.subarray(at, at + 3)];
}

describe('pictures', () => {
  it('clamps and rounds as diffusers does', () => {
    const planes = Float32Array.from([-1, 0, 1, -3, 0.5, 3]);
    expect([...toRgb8(planes, 2, 1).data]).toEqual([0, 255, 191, 128, 0, 255]);
    expect(() => toRgb8(Float32Array.from([0, 0, Number.NaN]), 1, 1)).toThrowError(/not_finite/);
  });

  it('keeps every pixel through PNG', async () => {
    const image = picture(31, 17);
    expect(await decodePng(await encodePng(image))).toEqual(image);
    await expect(decodePng(Buffer.from('nothing'))).rejects.toMatchObject({ code: 'file_unreadable' });
    // What it takes to draw has no bound.
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>');
    await expect(decodePng(svg)).rejects.toMatchObject({ code: 'file_unreadable' });
    // 40 kB that take 200 MB once decoded.
    const wide = await sharp({ create: { width: 8192, height: 8192, channels: 3, background: 'black' } })
      .png()
      .toBuffer();
    await expect(decodePng(wide)).rejects.toMatchObject({ code: 'limit_exceeded' });
  });

  it('measures PSNR', () => {
    const a = picture(8, 8);
    const b = { ...a, data: a.data.map((value) => (value > 127 ? value - 16 : value + 16)) };
    expect(imagePsnrDb(a, a)).toBe(Number.POSITIVE_INFINITY);
    expect(imagePsnrDb(a, b)).toBeCloseTo(20 * Math.log10(255 / 16), 6);
    expect(() => imagePsnrDb(a, picture(8, 9))).toThrowError(/invalid_input/);
  });
});

describe('captioned grids', () => {
  it('enlarges small pictures by whole pixels and writes the labels beneath', () => {
    const images = [picture(64, 64, 1), picture(64, 64, 2), picture(64, 64, 3)];
    const grid = gridPicture(images, ['one', 'two words', ''], 2);
    expect(grid.width).toBe(2 * (256 + 8) + 8);
    images.forEach((image, i) => {
      const left = 8 + (i % 2) * 264;
      const top = 8 + Math.floor(i / 2) * (256 + 20 + 16);
      expect(pixel(grid, left, top)).toEqual(pixel(image, 0, 0));
      expect(pixel(grid, left + 255, top + 255)).toEqual(pixel(image, 63, 63));
      expect(pixel(grid, left + 255, top + 256)).toEqual([255, 255, 255]);
    });
    const strip = grid.data.subarray((8 + 256) * grid.width * 3, (8 + 256 + 30) * grid.width * 3);
    expect(strip.filter((value) => value === 51).length).toBeGreaterThan(100);
  });

  it('wraps long labels, breaks long words, and never writes outside', () => {
    const image = { width: 64, height: 64, data: new Uint8Array(64 * 64 * 3).fill(255) };
    const one = sideBySide([image], ['2 workers']);
    const two = sideBySide([image], ['2 workers, stride 1, 2.4 s']);
    const broken = sideBySide([image], ['W'.repeat(50)]);
    expect(two.height - one.height).toBe(20);
    expect(broken.height - one.height).toBe(40);
    for (let y = 0; y < broken.height; y += 1) {
      expect(pixel(broken, 3, y)).toEqual([255, 255, 255]);
      expect(pixel(broken, broken.width - 3, y)).toEqual([255, 255, 255]);
    }
  });

  it('draws the letters that were asked for', () => {
    const image = { width: 6, height: 1, data: new Uint8Array(18).fill(255) };
    const drawn = sideBySide([image], ['T'], { scale: 1 });
    const rows = Array.from({ length: 7 }, (_, y) =>
      Array.from({ length: 5 }, (_, x) => (pixel(drawn, 8 + x, 17 + y)[0] === 51 ? '#' : '.')).join(''),
    );
    expect(rows).toEqual(['#####', '..#..', '..#..', '..#..', '..#..', '..#..', '..#..']);
  });

  it('refuses pictures of several sizes and missing labels', () => {
    expect(() => sideBySide([picture(8, 8), picture(9, 8)], ['a', 'b'])).toThrowError(/invalid_input/);
    expect(() => sideBySide([picture(8, 8)], [])).toThrowError(/invalid_input/);
    expect(() => gridPicture([], [], 1)).toThrowError(/invalid_input/);
  });
});
