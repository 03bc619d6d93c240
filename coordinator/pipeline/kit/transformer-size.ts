import type { PipelineRun, SizeRule } from './description.js';
import { configSize, type ModelFolder } from './model-folder.js';
import { fixedLatentSize } from './unet-size.js';
import { vaeScaleFactor } from './vae.js';

/**
 * Sizes of a transformer's pipeline: latents must divide into patches of `patch` x `patch`.
 * @param sampleSize latents' edge where no config says it
 */
export function transformerSizes(
  model: ModelFolder,
  partInfo: PipelineRun['partInfo'],
  { patch = 2, sampleSize = 128 }: { readonly patch?: number; readonly sampleSize?: number } = {},
): SizeRule {
  const scale = vaeScaleFactor(model, partInfo);
  const fixed = fixedLatentSize(partInfo, 'transformer');
  const edge = configSize(model.parts['transformer'], 'sample_size', sampleSize);
  const [height, width] = fixed ?? [edge, edge];
  return {
    height: height * scale,
    width: width * scale,
    multipleOf: scale * patch,
    fixed: fixed !== undefined,
  };
}

/** The pipeline's own size where the file takes any, whatever its config says. */
export function sizeUnlessFixed(rule: SizeRule, size: Pick<SizeRule, 'height' | 'width'>): SizeRule {
  return rule.fixed ? rule : { ...rule, ...size };
}
