import { AsyncDiffError } from '../errors/index.js';
import type { RgbImage } from './rgb-image.js';

/** A PNG file of a picture, without loss. */
export async function encodePng(image: RgbImage): Promise<Uint8Array> {
  const { default: sharp } = await import('sharp');
  const { width, height, data } = image;
  return await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

/** A picture from a PNG file (or JPEG or WebP), without its alpha. Raises `file_unreadable` when it is none. */
export async function decodePng(file: Uint8Array): Promise<RgbImage> {
  const { default: sharp } = await import('sharp');
  try {
    const { data, info } = await sharp(file)
      .removeAlpha()
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, data: new Uint8Array(data) };
  } catch (cause) {
    throw new AsyncDiffError('file_unreadable', `not a picture: ${(cause as Error).message}`, { cause });
  }
}
