// Original file: proto/asyncdiff/v1/coordinator.proto


/**
 * How the noise predictor is spread over workers. Zero and empty mean: the coordinator chooses.
 */
export interface PlanSettings {
  /**
   * N; 0: one per worker.
   */
  'components'?: (number);
  /**
   * S; 0: 1.
   */
  'stride'?: (number);
  /**
   * w, at most num_inference_steps; 0: 3.
   */
  'warmUp'?: (number);
  'timeShift'?: (boolean);
  /**
   * Values that end a component, in order; overrides `components`.
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
   * Rounds that the most expensive ring cut lags: 1 (default), 2, or 0 for what the plan finds faster.
   */
  'lag'?: (number);
  /**
   * Sessions per component: 1..4, or 0 for what the plan finds faster.
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
   * Use at most this many of the workers; 0: all.
   */
  'maxWorkers'?: (number);
  /**
   * M, parts of the batch that are computed one after another; 0: 1, the batch as a whole.
   */
  'microBatches'?: (number);
  /**
   * on: what one node makes from the latents (a U-Net's conv_in) is computed by every component that reads it, and fresh; off: it is
   * sent like every boundary tensor, one round old, as in the paper; auto (default): off with `cuts`, on without.
   */
  'recompute'?: (string);
}

/**
 * How the noise predictor is spread over workers. Zero and empty mean: the coordinator chooses.
 */
export interface PlanSettings__Output {
  /**
   * N; 0: one per worker.
   */
  'components': (number);
  /**
   * S; 0: 1.
   */
  'stride': (number);
  /**
   * w, at most num_inference_steps; 0: 3.
   */
  'warmUp': (number);
  'timeShift': (boolean);
  /**
   * Values that end a component, in order; overrides `components`.
   */
  'cuts': (string)[];
  /**
   * direct (default) or relay.
   */
  'dataPath': (string);
  /**
   * float32 (default: as the model has it) or float16.
   */
  'wireDtype': (string);
  /**
   * Rounds that the most expensive ring cut lags: 1 (default), 2, or 0 for what the plan finds faster.
   */
  'lag': (number);
  /**
   * Sessions per component: 1..4, or 0 for what the plan finds faster.
   */
  'microCuts': (number);
  /**
   * auto (default), sequential or u-shaped.
   */
  'shape': (string);
  /**
   * basic, extended (default) or all.
   */
  'optimizationLevel': (string);
  /**
   * Use at most this many of the workers; 0: all.
   */
  'maxWorkers': (number);
  /**
   * M, parts of the batch that are computed one after another; 0: 1, the batch as a whole.
   */
  'microBatches': (number);
  /**
   * on: what one node makes from the latents (a U-Net's conv_in) is computed by every component that reads it, and fresh; off: it is
   * sent like every boundary tensor, one round old, as in the paper; auto (default): off with `cuts`, on without.
   */
  'recompute': (string);
}
