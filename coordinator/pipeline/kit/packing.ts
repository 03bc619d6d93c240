import { float32, type Tensor } from '../../../common/tensor/index.js';
import { floatsOf } from './tensor-rows.js';

/** Latents [B, C, H, W] as tokens of 2x2 patches, [B, H/2 * W/2, 4C] (diffusers' `_pack_latents`). */
export function packPatches(latents: Tensor): Tensor {
  const [batch = 1, channels = 1, height = 2, width = 2] = latents.dims;
  const packed = new Float32Array(latents.data.length);
  const from = floatsOf(latents);
  eachPatch({ batch, channels, height, width }, (flat, token) => {
    packed[token] = from[flat] as number;
  });
  return float32(packed, [batch, (height / 2) * (width / 2), channels * 4]);
}

/** Tokens of 2x2 patches back to latents [B, C, height, width]. */
export function unpackPatches(packed: Tensor, height: number, width: number): Tensor {
  const [batch = 1, , size = 4] = packed.dims;
  const channels = size / 4;
  const latents = new Float32Array(packed.data.length);
  const from = floatsOf(packed);
  eachPatch({ batch, channels, height, width }, (flat, token) => {
    latents[flat] = from[token] as number;
  });
  return float32(latents, [batch, channels, height, width]);
}

interface Shape {
  readonly batch: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** Every element by its place in [B, C, H, W] and in [B, H/2 * W/2, 4C]: a token holds its channels' patches one after another. */
function eachPatch(
  { batch, channels, height, width }: Shape,
  visit: (flat: number, token: number) => void,
): void {
  const columns = width / 2;
  const tokens = (height / 2) * columns;
  let flat = 0;
  for (let image = 0; image < batch; image += 1)
    for (let channel = 0; channel < channels; channel += 1)
      for (let y = 0; y < height; y += 1)
        for (let x = 0; x < width; x += 1, flat += 1) {
          const token = image * tokens + (y >> 1) * columns + (x >> 1);
          visit(flat, token * channels * 4 + channel * 4 + (y & 1) * 2 + (x & 1));
        }
}
