import { decodePng, resizePicture, type RgbImage } from '../../../common/image/index.js';
import { AsyncDiffError } from '../../../common/errors/index.js';
import { float32, type Tensor } from '../../../common/tensor/index.js';

/** A given picture at a size: planes [1, 3, height, width] in [-1, 1], as VaeImageProcessor makes them; in [0, 1] for a ControlNet. `first`: a size on the way. */
export async function picturePlanes(
  file: Uint8Array,
  width: number,
  height: number,
  range: 'signed' | 'unit' = 'signed',
  first: Pick<RgbImage, 'width' | 'height'> = { width, height },
): Promise<Tensor> {
  const { data } = resizePicture(
    resizePicture(await decodePng(file), first.width, first.height),
    width,
    height,
  );
  const pixels = width * height;
  const planes = new Float32Array(3 * pixels);
  for (let i = 0; i < pixels; i += 1) {
    for (let channel = 0; channel < 3; channel += 1) {
      const unit = Math.fround((data[i * 3 + channel] as number) / 255);
      planes[channel * pixels + i] = range === 'unit' ? unit : 2 * unit - 1;
    }
  }
  return float32(planes, [1, 3, height, width]);
}

/** A mask at a size: 1 where its grey is at least one half (drawn anew), else 0; [1, 1, height, width]. */
export async function maskPlane(file: Uint8Array, width: number, height: number): Promise<Tensor> {
  const { data } = resizePicture(await decodePng(file), width, height);
  const mask = new Float32Array(width * height);
  for (let i = 0; i < mask.length; i += 1) {
    const [r, g, b] = [data[3 * i] as number, data[3 * i + 1] as number, data[3 * i + 2] as number];
    // PIL's convert('L').
    const grey = (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16;
    mask[i] = grey / 255 >= 0.5 ? 1 : 0;
  }
  return float32(mask, [1, 1, height, width]);
}

/** A plane made smaller by taking the nearest element, as torch's `interpolate` does unless told otherwise: [1, 1, height, width]. */
export function shrinkNearest(plane: Tensor, height: number, width: number): Tensor {
  const [, , fromHeight = 0, fromWidth = 0] = plane.dims;
  const small = new Float32Array(height * width);
  for (let y = 0; y < height; y += 1) {
    const row = Math.floor((y * fromHeight) / height) * fromWidth;
    for (let x = 0; x < width; x += 1)
      small[y * width + x] = plane.data[row + Math.floor((x * fromWidth) / width)] as number;
  }
  return float32(small, [1, 1, height, width]);
}

/** Width and height of a given picture. Raises `file_unreadable`. */
export async function pictureSize(file: Uint8Array): Promise<Pick<RgbImage, 'width' | 'height'>> {
  const { width, height } = await decodePng(file);
  return { width, height };
}

/** The argument, which the pipeline cannot do without. Raises `invalid_settings` naming its flag. */
export function needed<T>(value: T | undefined, flag: string, why: string): T {
  if (value !== undefined) return value;
  throw new AsyncDiffError('invalid_settings', `--${flag} is missing: ${why}`, { hint: `Give --${flag}.` });
}
