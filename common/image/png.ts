import { AsyncDiffError } from '../errors/index.js';
import { checkLimit, LIMITS } from '../settings/index.js';
import type { RgbImage } from './rgb-image.js';

/** A PNG file of a picture, without loss. */
export async function encodePng(image: RgbImage): Promise<Uint8Array> {
  const { default: sharp } = await import('sharp');
  const { width, height, data } = image;
  return await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

/** First bytes of PNG, JPEG, WebP and GIF. SVG is none of them: what it takes to draw has no bound. */
const PICTURE = /^(?:\x89PNG|\xff\xd8\xff|RIFF[^]{4}WEBP|GIF8)/u;

/**
 * A picture from a PNG file (or JPEG, WebP or GIF), without its alpha. A file of a few kilobytes may say that it has 2^28 pixels, which take gigabytes once decoded.
 * Raises `file_unreadable` when it is none, `limit_exceeded` for too many pixels.
 */
export async function decodePng(file: Uint8Array): Promise<RgbImage> {
  const { default: sharp } = await import('sharp');
  try {
    if (!PICTURE.test(Buffer.from(file.subarray(0, 12)).toString('latin1')))
      throw new Error('neither PNG nor JPEG, WebP or GIF');
    const { width, height } = await sharp(file).metadata();
    checkLimit('picturePixels', width * height, `a picture of ${width}x${height}`);
    const { data, info } = await sharp(file, { limitInputPixels: LIMITS.picturePixels.max })
      .removeAlpha()
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, data: new Uint8Array(data) };
  } catch (cause) {
    if (cause instanceof AsyncDiffError) throw cause;
    throw new AsyncDiffError('file_unreadable', `not a picture: ${(cause as Error).message}`, { cause });
  }
}
