import { z } from 'zod';
import { f } from './float32.js';
import { flag } from './scheduler-config.js';
import { clamp, type Vector } from './vector.js';

/** Dynamic thresholding of x_0 (Saharia et al. 2022, section 2.3). */
export const thresholdingKeys = {
  thresholding: flag(false),
  dynamic_thresholding_ratio: z.number().min(0).max(1).default(0.995),
  sample_max_value: z.number().min(1).default(1),
};

export const clipKeys = {
  clip_sample: flag(true),
  clip_sample_range: z.number().positive().default(1),
};

type Thresholding = z.output<z.ZodObject<typeof thresholdingKeys>>;
type Clip = z.output<z.ZodObject<typeof clipKeys>>;

/** x_0 as the config limits it: thresholded, else clipped, else as it is. */
export function limited(original: Vector, settings: Partial<Thresholding & Clip>, batch: number): Vector {
  if (settings.thresholding === true) return thresholded(original, settings as Thresholding, batch);
  if (settings.clip_sample === true) return clamp(original, settings.clip_sample_range ?? 1);
  return original;
}

/** The prediction type for checkTimesteps: x_0 without a limit cannot be found from noise alone, where there is no signal; with one it can. */
export function solvable(settings: Thresholding & Clip & { readonly prediction_type: string }): string {
  return settings.thresholding || settings.clip_sample ? 'limited' : settings.prediction_type;
}

/** Each image is held to its own quantile of absolute values, at least 1, and divided by it. */
function thresholded(original: Vector, settings: Thresholding, batch: number): Vector {
  const size = original.length / batch;
  const limitedValues = new Float32Array(original.length);
  for (let image = 0; image < batch; image += 1) {
    const values = original.subarray(image * size, (image + 1) * size);
    const quantile = quantileOf(values.map(Math.abs), settings.dynamic_thresholding_ratio);
    const limit = f(Math.min(Math.max(quantile, 1), settings.sample_max_value));
    limitedValues.set(
      clamp(values, limit).map((value) => value / limit),
      image * size,
    );
  }
  return limitedValues;
}

/** torch.quantile, linear: the rank is a float32, as are the weights of its two neighbours. */
function quantileOf(values: Vector, ratio: number): number {
  const sorted = values.toSorted();
  const rank = f(f(ratio) * (sorted.length - 1));
  const below = Math.floor(rank);
  const [low = 0, high = low] = sorted.subarray(below, below + 2);
  const weight = f(rank - below);
  // torch.lerp counts from the nearer end.
  return weight < 0.5 ? f(low + f(weight * f(high - low))) : f(high - f(f(high - low) * f(1 - weight)));
}
