import { decodePng, resizePicture, type RgbImage } from '../../../common/image/index.js';
import { float32, type Tensor } from '../../../common/tensor/index.js';
import { CLIP_DEVIATION, CLIP_EDGE, CLIP_MEAN } from './clip-image.js';
import { hiddenState } from './clip-prompt.js';
import type { PipelineRun } from './description.js';
import { fixedAxis } from './parts.js';
import { concat } from './tensor-rows.js';

const ENCODER = 'image_encoder';

/**
 * States of pictures in a CLIP image encoder, one layer before the last, pictures behind one another: [1, pictures * tokens, hidden]. Each is prepared as
 * CLIPImageProcessor does: shorter edge to the encoder's size, cut to a square around the middle, normalised.
 */
export async function clipImageStates(run: PipelineRun, files: readonly Uint8Array[]): Promise<Tensor> {
  const input = run.partInfo(ENCODER)?.inputs[0];
  const edge = fixedAxis(input, -1) ?? CLIP_EDGE;
  const output = hiddenState(run, ENCODER, 1);
  const states: Tensor[] = [];
  for (const file of files) {
    const pixels = normalised(await decodePng(file), edge);
    const { [output]: own } = await run.runPart(ENCODER, { [input?.name ?? 'pixel_values']: pixels }, [
      output,
    ]);
    states.push(own as Tensor);
  }
  return concat(states, 1);
}

function normalised(image: RgbImage, edge: number): Tensor {
  const [width, height] =
    image.width <= image.height
      ? [edge, Math.trunc((edge * image.height) / image.width)]
      : [Math.trunc((edge * image.width) / image.height), edge];
  const { data } = resizePicture(image, width, height, 'bicubic');
  const [left, top] = [Math.floor((width - edge) / 2), Math.floor((height - edge) / 2)];
  const planes = new Float32Array(3 * edge * edge);
  for (let y = 0; y < edge; y += 1)
    for (let x = 0; x < edge; x += 1)
      for (let channel = 0; channel < 3; channel += 1) {
        const byte = data[((top + y) * width + left + x) * 3 + channel] as number;
        const [mean, deviation] = [CLIP_MEAN[channel] as number, CLIP_DEVIATION[channel] as number];
        planes[(channel * edge + y) * edge + x] = (Math.fround(byte / 255) - mean) / deviation;
      }
  return float32(planes, [1, 3, edge, edge]);
}
