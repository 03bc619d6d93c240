import { float32, type Tensor } from '../../../common/tensor/index.js';
import type { PipelineRun } from './description.js';
import { fixedAxis } from './parts.js';
import { repeatRows } from './tensor-rows.js';

const f = Math.fround;

/** Width of the predictor's input `timestep_cond`; undefined for a predictor that takes none. */
export function guidanceEmbeddingSize({ model, predictor }: PipelineRun): number | undefined {
  const input = predictor.inputs.find(({ name }) => name === 'timestep_cond');
  const declared = model.parts['unet']?.config['time_cond_proj_dim'];
  return fixedAxis(input, 1) ?? (typeof declared === 'number' ? declared : undefined);
}

/**
 * The guidance scale as an input of distilled predictors, in place of a second half of the batch: [images, size] of sines and cosines of
 * scale - 1 (diffusers' `get_guidance_scale_embedding`).
 */
export function guidanceEmbedding(run: PipelineRun, size: number): Tensor {
  const half = Math.floor(size / 2);
  const w = f(f(run.guidanceScale - 1) * 1000);
  const step = f(f(Math.log(10_000)) / (half - 1));
  const values = new Float32Array(size);
  for (let i = 0; i < half; i += 1) {
    const angle = f(w * f(Math.exp(f(i * -step))));
    values[i] = Math.sin(angle);
    values[half + i] = Math.cos(angle);
  }
  return repeatRows(float32(values, [1, size]), run.numImages);
}
