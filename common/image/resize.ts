import type { RgbImage } from './rgb-image.js';

/** The picture at another size, stretched, with Lanczos' filter as PIL's `Image.resize(..., LANCZOS)`; the same one where the size is its own. */
export async function resizePicture(image: RgbImage, width: number, height: number): Promise<RgbImage> {
  if (image.width === width && image.height === height) return image;
  const { default: sharp } = await import('sharp');
  const raw = { width: image.width, height: image.height, channels: 3 as const };
  const data = await sharp(image.data, { raw })
    .resize(width, height, { fit: 'fill', kernel: 'lanczos3' })
    .raw()
    .toBuffer();
  return { width, height, data: new Uint8Array(data) };
}
