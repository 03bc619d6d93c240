import { decodePng } from './png.js';

const MS = 1000;

/** PNG files of one size as one moving picture that begins anew when it ends. WebP is written without loss; a GIF has 256 colours. */
export async function moving(
  frames: readonly Uint8Array[],
  fps: number,
  kind: 'webp' | 'gif',
): Promise<Uint8Array> {
  const { default: sharp } = await import('sharp');
  const pictures = await Promise.all(frames.map(decodePng));
  const { width = 1, height = 1 } = pictures[0] ?? {};
  const raw = Buffer.concat(pictures.map(({ data }) => data));
  const image = sharp(raw, {
    raw: { width, height: height * pictures.length, channels: 3, pageHeight: height },
  });
  const options = { delay: pictures.map(() => Math.round(MS / fps)), loop: 0 };
  return kind === 'gif'
    ? await image.gif(options).toBuffer()
    : await image.webp({ ...options, lossless: true }).toBuffer();
}
