// Original file: proto/asyncdiff/v1/coordinator.proto


/**
 * How the noise predictor is spread over workers. A field that is not set has its default, the same in every language; 0 in a number
 * that takes `auto` is auto, chosen by the planner. Ranges, defaults and consequences: docs/reference/settings.md.
 */
export interface PlanSettings {
  /**
   * N, or auto (default): as max_error chooses; one per worker where that is off.
   */
  'components'?: (number);
  /**
   * S; default 1, or auto with max_error.
   */
  'stride'?: (number);
  /**
   * w, at most num_inference_steps, or auto (default).
   */
  'warmUp'?: (number);
  /**
   * Default false.
   */
  'timeShift'?: (boolean);
  /**
   * Values that end a component, in order; they say how many components there are.
   */
  'cuts'?: (string)[];
  /**
   * direct (default) or relay.
   */
  'dataPath'?: (string);
  /**
   * float32 (default: as the model has it) or float16.
   */
  'wireDtype'?: (string);
  /**
   * Rounds that the most expensive ring cut lags: 1 (default, or auto with max_error), 2, or auto for the faster.
   */
  'lag'?: (number);
  /**
   * Sessions per component, 1 to 16, or auto (default).
   */
  'microCuts'?: (number);
  /**
   * auto (default), sequential or u-shaped.
   */
  'shape'?: (string);
  /**
   * basic, extended (default) or all.
   */
  'optimizationLevel'?: (string);
  /**
   * Use at most this many of the workers, or auto (default): all.
   */
  'maxWorkers'?: (number);
  /**
   * M, parts of the batch that are computed one after another; default 1, the batch as a whole.
   */
  'microBatches'?: (number);
  /**
   * on: what one node makes from the latents (a U-Net's conv_in) is computed by every component that reads it, and fresh; off: it is
   * sent like every boundary tensor, one round old, as in the paper; auto (default): off with `cuts`, on without.
   */
  'recompute'?: (string);
  /**
   * Names of the workers to use, in the order in which they hold the components; empty (default): those there are, the fastest first.
   */
  'useWorkers'?: (string)[];
  /**
   * on (default): components compute ahead, on predicted latents, for the step at which they are read; off: AsyncDiff as published.
   */
  'lookAhead'?: (string);
  /**
   * Steps at the end that run in order, or auto (default).
   */
  'end'?: (number);
  /**
   * Further steps that run in order, by their 0-based index in decimal.
   */
  'inOrder'?: (string)[];
  /**
   * Drift of the predicted latents above which a step is made in order; auto (default, where it is not set): by sampler, components and guidance; 0: none is.
   */
  'tolerance'?: (number | string);
  /**
   * The share of the predicted speed that such steps may cost; default 1.
   */
  'maxSpeedLoss'?: (number | string);
  /**
   * on: the two halves of classifier-free guidance on workers of their own, exact; off: in one batch; auto (default): off, or as max_error chooses.
   */
  'guidanceSplit'?: (string);
  /**
   * on: the predictor is cut again where its parts take other times on their workers than planned, before the first round; remembered for
   * predictor, shapes, devices and settings; off; auto (default): on where workers are on several machines or devices, off with `cuts`.
   */
  'recut'?: (string);
  /**
   * With lag 2, the ring cut that lags: 0 behind the head of a U-shape, n behind component n; or auto (default): where it gives the shortest round.
   */
  'laggedCut'?: (number);
  /**
   * Workers that hold the whole predictor and compute a step of each round; default 1: off, or auto with max_error. `components` is then 1 and `stride` as many.
   */
  'stepParallel'?: (number);
  /**
   * The highest acceptable error of the final latents, MSE over their variance ("1e-5"), or as PSNR ("60dB"); auto (default): 1.5e-5, and off where
   * components, stride, lag or another setting of the program is set. With one, what is not set of components, stride, lag, guidance_split and
   * step_parallel is chosen: the fastest within it. off: nothing is chosen.
   */
  'maxError'?: (string);
  '_components'?: "components";
  '_stride'?: "stride";
  '_warmUp'?: "warmUp";
  '_timeShift'?: "timeShift";
  '_dataPath'?: "dataPath";
  '_wireDtype'?: "wireDtype";
  '_lag'?: "lag";
  '_microCuts'?: "microCuts";
  '_shape'?: "shape";
  '_optimizationLevel'?: "optimizationLevel";
  '_maxWorkers'?: "maxWorkers";
  '_microBatches'?: "microBatches";
  '_recompute'?: "recompute";
  '_lookAhead'?: "lookAhead";
  '_end'?: "end";
  '_tolerance'?: "tolerance";
  '_maxSpeedLoss'?: "maxSpeedLoss";
  '_laggedCut'?: "laggedCut";
  '_stepParallel'?: "stepParallel";
  '_maxError'?: "maxError";
  '_guidanceSplit'?: "guidanceSplit";
  '_recut'?: "recut";
}

/**
 * How the noise predictor is spread over workers. A field that is not set has its default, the same in every language; 0 in a number
 * that takes `auto` is auto, chosen by the planner. Ranges, defaults and consequences: docs/reference/settings.md.
 */
export interface PlanSettings__Output {
  /**
   * N, or auto (default): as max_error chooses; one per worker where that is off.
   */
  'components'?: (number);
  /**
   * S; default 1, or auto with max_error.
   */
  'stride'?: (number);
  /**
   * w, at most num_inference_steps, or auto (default).
   */
  'warmUp'?: (number);
  /**
   * Default false.
   */
  'timeShift'?: (boolean);
  /**
   * Values that end a component, in order; they say how many components there are.
   */
  'cuts': (string)[];
  /**
   * direct (default) or relay.
   */
  'dataPath'?: (string);
  /**
   * float32 (default: as the model has it) or float16.
   */
  'wireDtype'?: (string);
  /**
   * Rounds that the most expensive ring cut lags: 1 (default, or auto with max_error), 2, or auto for the faster.
   */
  'lag'?: (number);
  /**
   * Sessions per component, 1 to 16, or auto (default).
   */
  'microCuts'?: (number);
  /**
   * auto (default), sequential or u-shaped.
   */
  'shape'?: (string);
  /**
   * basic, extended (default) or all.
   */
  'optimizationLevel'?: (string);
  /**
   * Use at most this many of the workers, or auto (default): all.
   */
  'maxWorkers'?: (number);
  /**
   * M, parts of the batch that are computed one after another; default 1, the batch as a whole.
   */
  'microBatches'?: (number);
  /**
   * on: what one node makes from the latents (a U-Net's conv_in) is computed by every component that reads it, and fresh; off: it is
   * sent like every boundary tensor, one round old, as in the paper; auto (default): off with `cuts`, on without.
   */
  'recompute'?: (string);
  /**
   * Names of the workers to use, in the order in which they hold the components; empty (default): those there are, the fastest first.
   */
  'useWorkers': (string)[];
  /**
   * on (default): components compute ahead, on predicted latents, for the step at which they are read; off: AsyncDiff as published.
   */
  'lookAhead'?: (string);
  /**
   * Steps at the end that run in order, or auto (default).
   */
  'end'?: (number);
  /**
   * Further steps that run in order, by their 0-based index in decimal.
   */
  'inOrder': (string)[];
  /**
   * Drift of the predicted latents above which a step is made in order; auto (default, where it is not set): by sampler, components and guidance; 0: none is.
   */
  'tolerance'?: (number);
  /**
   * The share of the predicted speed that such steps may cost; default 1.
   */
  'maxSpeedLoss'?: (number);
  /**
   * on: the two halves of classifier-free guidance on workers of their own, exact; off: in one batch; auto (default): off, or as max_error chooses.
   */
  'guidanceSplit'?: (string);
  /**
   * on: the predictor is cut again where its parts take other times on their workers than planned, before the first round; remembered for
   * predictor, shapes, devices and settings; off; auto (default): on where workers are on several machines or devices, off with `cuts`.
   */
  'recut'?: (string);
  /**
   * With lag 2, the ring cut that lags: 0 behind the head of a U-shape, n behind component n; or auto (default): where it gives the shortest round.
   */
  'laggedCut'?: (number);
  /**
   * Workers that hold the whole predictor and compute a step of each round; default 1: off, or auto with max_error. `components` is then 1 and `stride` as many.
   */
  'stepParallel'?: (number);
  /**
   * The highest acceptable error of the final latents, MSE over their variance ("1e-5"), or as PSNR ("60dB"); auto (default): 1.5e-5, and off where
   * components, stride, lag or another setting of the program is set. With one, what is not set of components, stride, lag, guidance_split and
   * step_parallel is chosen: the fastest within it. off: nothing is chosen.
   */
  'maxError'?: (string);
  '_components'?: "components";
  '_stride'?: "stride";
  '_warmUp'?: "warmUp";
  '_timeShift'?: "timeShift";
  '_dataPath'?: "dataPath";
  '_wireDtype'?: "wireDtype";
  '_lag'?: "lag";
  '_microCuts'?: "microCuts";
  '_shape'?: "shape";
  '_optimizationLevel'?: "optimizationLevel";
  '_maxWorkers'?: "maxWorkers";
  '_microBatches'?: "microBatches";
  '_recompute'?: "recompute";
  '_lookAhead'?: "lookAhead";
  '_end'?: "end";
  '_tolerance'?: "tolerance";
  '_maxSpeedLoss'?: "maxSpeedLoss";
  '_laggedCut'?: "laggedCut";
  '_stepParallel'?: "stepParallel";
  '_maxError'?: "maxError";
  '_guidanceSplit'?: "guidanceSplit";
  '_recut'?: "recut";
}
