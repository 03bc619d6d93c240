/** How a predictor is cut, as `asyncdiff plan --json` prints it. */
export interface PlannedPartition {
  readonly shape: string;
  readonly cuts: readonly string[];
  /** Between workers, one for each component. */
  readonly bytes_per_round: number;
  /** What broadcasting every module's output would move. */
  readonly broadcast_bytes_per_round: number;
  readonly components: readonly PlannedComponent[];
}

/** One part of the predictor. */
export interface PlannedComponent {
  /** From 1. */
  readonly component: number;
  /** Of the compute of the whole predictor, 0 to 1; replicated nodes count in each component. */
  readonly share: number;
  /** Milliseconds of one run. */
  readonly cost_ms: number;
  readonly nodes: number;
  readonly weight_bytes: number;
  /** ONNX Runtime sessions that it is run as. */
  readonly sessions: number;
  /** Values that it computes again from the latents instead of receiving them. */
  readonly recomputes: readonly string[];
  readonly receives: readonly ReceivedTensor[];
}

/** A boundary tensor that a component reads. */
export interface ReceivedTensor {
  readonly name: string;
  /** The component that makes it. */
  readonly from: number;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: number;
  /** Rounds between producing and consuming. */
  readonly lag: number;
}
