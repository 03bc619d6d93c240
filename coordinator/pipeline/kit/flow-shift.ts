import type { PipelineRun } from './description.js';

interface ShiftDefaults {
  /** Where the scheduler's config does not say it: 1.15, and 1.16 for Stable Diffusion 3. */
  readonly maxShift?: number | undefined;
}

/** mu of dynamic shifting, linear in the number of the predictor's tokens (diffusers' `calculate_shift`). */
export function dynamicShift(
  run: PipelineRun,
  tokens: number,
  { maxShift: fallback = 1.15 }: ShiftDefaults = {},
): number {
  const config = run.schedulerConfig();
  const number = (key: string, otherwise: number): number => {
    const value = config[key];
    return typeof value === 'number' ? value : otherwise;
  };
  const [baseTokens, maxTokens] = [number('base_image_seq_len', 256), number('max_image_seq_len', 4096)];
  const [baseShift, maxShift] = [number('base_shift', 0.5), number('max_shift', fallback)];
  const slope = (maxShift - baseShift) / (maxTokens - baseTokens);
  return tokens * slope + (baseShift - slope * baseTokens);
}

/** 1, ..., 1/N: the noise levels that flow-matching pipelines hand to their scheduler (numpy's linspace). */
export function evenSigmas(steps: number): number[] {
  const step = (1 / steps - 1) / (steps - 1);
  return Array.from({ length: steps }, (_, i) =>
    i === steps - 1 && steps > 1 ? 1 / steps : 1 + (i === 0 ? 0 : i * step),
  );
}
