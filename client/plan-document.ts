import type { PlannedPartition } from '../common/plan-document/index.js';

/** How a noise predictor is cut and placed: the document of `asyncdiff plan --json`. Its settings stand beside these keys, by their names in snake case. */
export interface PlanDocument extends PlannedPartition {
  /** `asyncdiff.plan/1`. */
  readonly schema: string;
  /**
   * Content address of the plan: the same plan gives the same bits. Empty where `plan` was asked about weights of over 256 MB that no job has read yet: they are not hashed for it.
   */
  readonly plan_id: string;
  /** How it is spread, as benchmarks write it: `n2s1g`. */
  readonly config: string;
  /** A model that `run` takes: it has no rounds, and what is said of a round is said of an item. */
  readonly single_pass: boolean;
  readonly declared: boolean;
  /** Milliseconds of an asynchronous round. */
  readonly predicted_period_ms: number;
  /** The cycle of tasks and transfers that bounds it, each with its milliseconds. */
  readonly critical_cycle: readonly {
    readonly kind: string;
    readonly label: string;
    readonly durationMs: number;
  }[];
  /** Which workers hold each component, from 1; of each half (1: unconditional, 2: conditional) where guidance is split. */
  readonly placement: readonly {
    readonly component: number;
    readonly half?: number;
    readonly workers: readonly string[];
  }[];
  /** The predictor's inputs with the shapes that it was planned for. */
  readonly inputs: readonly {
    readonly name: string;
    readonly dtype: string;
    readonly dims: readonly number[];
  }[];
  /** With a bound on the error (`max_error`): every configuration that the settings left open, the fastest first. */
  readonly choice?: {
    /** Latent MSE over variance. */
    readonly max_error: number;
    /** What a user should know; empty where there is nothing to say. */
    readonly advice: string;
    readonly configurations: readonly {
      /** As benchmarks write it: `n2s1g`. */
      readonly config: string;
      readonly verdict: 'chosen' | 'slower' | 'error' | 'impossible';
      readonly why: string;
      /** False: seconds and speed-up are the best that it could have, and it was not simulated. */
      readonly simulated: boolean;
      readonly predicted_seconds?: number;
      readonly predicted_speedup?: number;
      readonly predicted_error?: number;
      readonly in_order_steps?: number;
    }[];
  };
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
  /** Text encoders and VAE of a picture, from `asyncdiff plan` of a model folder: run on one of the workers before and after the rounds. */
  readonly parts?: readonly {
    readonly part: string;
    readonly runs: number;
    /** Of all its runs, on one core of a CPU, by operations and bytes. */
    readonly cost_ms: number;
    readonly weight_bytes: number;
    /** Of the run that takes most. */
    readonly memory_bytes: number;
    /** Where it would run if the workers had nothing else to do; left out where no worker has the memory. */
    readonly worker?: string | undefined;
  }[];
}
