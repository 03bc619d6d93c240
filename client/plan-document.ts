/** How a noise predictor is cut and placed: the document of `asyncdiff plan --json`. Its settings stand beside these keys, by their names in snake case. */
export interface PlanDocument {
  /** `asyncdiff.plan/1`. */
  readonly schema: string;
  /** Content address of the plan: the same plan gives the same bits. */
  /** Empty where `plan` was asked about weights of over 256 MB that no job has read yet: they are not hashed for it. */
  readonly plan_id: string;
  readonly declared: boolean;
  /** Milliseconds of an asynchronous round. */
  readonly predicted_period_ms: number;
  /** The cycle of tasks and transfers that bounds it, each with its milliseconds. */
  readonly critical_cycle: readonly {
    readonly kind: string;
    readonly label: string;
    readonly durationMs: number;
  }[];
  /** Which workers hold each component, from 1. */
  readonly placement: readonly { readonly component: number; readonly workers: readonly string[] }[];
  /** The predictor's inputs with the shapes that it was planned for. */
  readonly inputs: readonly {
    readonly name: string;
    readonly dtype: string;
    readonly dims: readonly number[];
  }[];
  /** Operators whose work is not known: they are counted by their output. */
  readonly unknown_operators: readonly string[];
  /** Estimated for each component; empty for declared devices. */
  readonly memory: readonly {
    readonly component: number;
    readonly weight_bytes: number;
    readonly activation_bytes: number;
    readonly overhead_bytes: number;
    readonly total_bytes: number;
  }[];
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
  /** Of the compute of the whole predictor, 0 to 1. */
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
