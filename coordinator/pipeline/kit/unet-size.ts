import type { PipelineRun, SizeRule } from './description.js';
import { configSize, type ModelFolder } from './model-folder.js';
import { fixedAxis } from './parts.js';
import { vaeScaleFactor } from './vae.js';
import { VAE_DECODER } from './vae-part.js';

/** Sizes of a U-Net's pipeline: each of its down-samplings halves the latents, and a traced graph cannot halve an odd size. */
export function unetSizes(model: ModelFolder, partInfo: PipelineRun['partInfo']): SizeRule {
  const unet = model.parts['unet'];
  const scale = vaeScaleFactor(model, partInfo);
  const fixedLatents = fixedLatentSize(partInfo, 'unet');
  const [height, width] = fixedLatents ?? sampleSize(model);
  const blocks = unet?.config['down_block_types'];
  const halvings = Array.isArray(blocks) ? blocks.length - 1 : 0;
  return {
    height: height * scale,
    width: width * scale,
    multipleOf: scale * 2 ** Math.max(0, halvings),
    fixed: fixedLatents !== undefined,
  };
}

/** Latent [height, width] where the predictor or the VAE's decoder allows no other. */
export function fixedLatentSize(
  partInfo: PipelineRun['partInfo'],
  predictor: string,
): readonly [number, number] | undefined {
  for (const input of [partInfo(predictor)?.inputs[0], partInfo(VAE_DECODER)?.inputs[0]]) {
    const [height, width] = [fixedAxis(input, -2), fixedAxis(input, -1)];
    if (input !== undefined && input.dims.length >= 4 && height !== undefined && width !== undefined)
      return [height, width];
  }
  return undefined;
}

/** The config's `sample_size`; 64 is the default of diffusers' pipelines where there is none. */
function sampleSize(model: ModelFolder): readonly [number, number] {
  const unet = model.parts['unet'];
  const size = unet?.config['sample_size'];
  if (Array.isArray(size) && size.length === 2 && size.every((one) => Number.isInteger(one) && one > 0))
    return size as unknown as [number, number];
  const edge = configSize(unet, 'sample_size', 64);
  return [edge, edge];
}
