import type { PlanSettings } from '../rpc/gen/asyncdiff/v1/PlanSettings.js';

/** How the noise predictor is spread over the workers. Everything that is left out, the coordinator chooses. */
export interface PlanOptions {
  /** N. Defaults to one component per worker. */
  readonly components?: number | undefined;
  /** S, steps per round. Defaults to 1. */
  readonly stride?: number | undefined;
  /** w, leading steps without staleness. Defaults to 3. */
  readonly warmUp?: number | undefined;
  /** AsyncDiff's `time_shift`. Defaults to false. */
  readonly timeShift?: boolean | undefined;
  /** Values that end a component, in order. */
  readonly cuts?: readonly string[] | undefined;
  /** `relay` sends boundary tensors through the coordinator. Defaults to `direct`. */
  readonly dataPath?: 'direct' | 'relay' | undefined;
  readonly wireDtype?: 'float32' | 'float16' | undefined;
  /**
   * `on`: what one node makes from the latents (a U-Net's conv_in) is computed by every component that reads it, and fresh there; `off`: it
   * is sent, one round old, as in the paper. Defaults to `auto`: off with `cuts`, on without.
   */
  readonly recompute?: 'auto' | 'on' | 'off' | undefined;
  /** 2: the tensors of one ring cut are two rounds old; 0: whichever is faster. Defaults to 1. */
  readonly lag?: 0 | 1 | 2 | undefined;
  /** Sessions per component; 0 or left out: chosen by the plan. */
  readonly microCuts?: number | undefined;
  /**
   * M: the batch (images, twice that with guidance) is computed in M parts, one after another, so that a part travels while the next
   * is computed, and warm-up steps run as a pipeline. Defaults to 1.
   */
  readonly microBatches?: number | undefined;
  readonly shape?: 'auto' | 'sequential' | 'u-shaped' | undefined;
  /** ONNX Runtime's graphOptimizationLevel. Defaults to `extended`. */
  readonly optimizationLevel?: 'basic' | 'extended' | 'all' | undefined;
  readonly maxWorkers?: number | undefined;
}

export function toPlanSettings(options: PlanOptions = {}): PlanSettings {
  return {
    components: options.components ?? 0,
    stride: options.stride ?? 0,
    warmUp: options.warmUp ?? 0,
    timeShift: options.timeShift ?? false,
    cuts: [...(options.cuts ?? [])],
    dataPath: options.dataPath ?? '',
    wireDtype: options.wireDtype ?? '',
    recompute: options.recompute ?? '',
    lag: options.lag ?? 1,
    microCuts: options.microCuts ?? 0,
    microBatches: options.microBatches ?? 1,
    shape: options.shape ?? '',
    optimizationLevel: options.optimizationLevel ?? '',
    maxWorkers: options.maxWorkers ?? 0,
  };
}
