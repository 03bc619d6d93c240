import { AsyncDiffError } from '../common/errors/index.js';
import type { FileRange, FileState } from '../common/model-file/index.js';
import type { SegmentModel, SegmentSpec } from '../execution/index.js';
import type { Chosen, PlannedSettings, PlanSettings } from '../common/settings/index.js';
import type { ValueSpec } from '../common/tensor/index.js';
import type { Choice, ChoiceSubject } from './choice/index.js';
import type { Machines } from './coarse-links.js';
import type { PartMemory } from './memory.js';
import type { CriticalEvent } from './search/index.js';
import type { Partition } from '../program/index.js';
import type { InputShapes, PredictorAdaptation, SinglePassUse } from './model/index.js';
import type { KnownTimes, TimesSubject } from './remembered-times.js';
import type { Placement } from '../program/index.js';

/** Where the noise predictor comes from. */
export type PlanSource =
  | {
      readonly kind: 'model';
      readonly modelPath: string;
      readonly inputShapes: InputShapes;
      /** What is done to the model's graph before it is cut. */
      readonly adaptation?: PredictorAdaptation | undefined;
      /** It is no noise predictor: it is run once for each item of a list. */
      readonly singlePass?: SinglePassUse | undefined;
    }
  /** Declared devices: the profile's JSON. */
  | { readonly kind: 'profile'; readonly profileJson: string };

/** N as the settings ask for it. Cuts by name determine it: in a U-shape the first and the last piece are one component. */
export function componentsAsked({
  components,
  cuts,
  shape,
}: Pick<PlanSettings, 'components' | 'cuts' | 'shape'>): number | 'auto' {
  return cuts.length === 0 ? components : cuts.length + (shape === 'u-shaped' ? 0 : 1);
}

/** Whether values close to the latents are computed where they are read. */
export function recomputeOf({ recompute, cuts }: Pick<PlanSettings, 'recompute' | 'cuts'>): 'on' | 'off' {
  if (recompute !== 'auto') return recompute;
  return cuts.length === 0 ? 'on' : 'off';
}

/** A worker as far as planning goes. */
export interface PlanWorker {
  readonly id: string;
  readonly hostId: string;
  /** Beside the other workers; a declared device's costs take that much longer. */
  readonly speed: number;
  /** Coordinator to worker and back, measured; 0 on the coordinator's own host. */
  readonly roundTripMs: number;
  /** Memory of its device for a part of a model; undefined where it did not say: then it is taken to be enough. */
  readonly memoryBytes?: number | undefined;
}

/** A measured way from one worker to another. */
export interface PlanLink {
  readonly from: string;
  readonly to: string;
  readonly roundTripMs: number;
  readonly bytesPerSecond: number;
}

export interface PlanRequest {
  readonly source: PlanSource;
  readonly settings: PlannedSettings;
  readonly workers: readonly PlanWorker[];
  readonly links: readonly PlanLink[];
  /** The same machines with the classes of their links, for which is chosen and cut; left out: the nearest ones. */
  readonly classed?: Machines | undefined;
  /** Batch repeat of the latents: what travels to and from the coordinator is 1/repeat of the graph's latents. */
  readonly batchRepeat: number;
  /** With a bound on the error: what the choice is made for. Left out: 50 deterministic steps, mildly guided where the batch has two halves. */
  readonly subject?: ChoiceSubject | undefined;
  /** What was chosen for such a job before: nothing is chosen again. */
  readonly choice?: Choice | undefined;
  /** Folder for prepared models and segments. */
  readonly workDir: string;
  /** What the costs are for: the device of the workers as they write it, and its threads. */
  readonly device?: string | undefined;
  readonly threads: number;
  /**
   * What each worker's device is, in the order of `workers`, the same in every process: times of sessions are remembered for these. With `recut` on, costs
   * follow what is known of them; left out, they do not.
   */
  readonly devices?: readonly string[] | undefined;
  /** Times that costs follow, instead of those that are remembered. */
  readonly knownTimes?: KnownTimes | undefined;
  /** The plan is looked at, not run: weights that were never hashed are not read where they are large. It then has no id and no artifacts. */
  readonly isPreview?: boolean | undefined;
}

/** A partition placed on workers, ready to be deployed. Plain data: it crosses threads. */
export interface Plan {
  /** Content address of partition, placement and sessions: the same plan gives the same bits. Empty in a preview whose weights were not hashed. */
  readonly planId: string;
  /** Content address of the predictor at its shapes, whatever it is cut into; empty for declared devices. */
  readonly predictorId: string;
  /** Content address of what a job computes: cut, lags, replicas and look-ahead, but not placement and sessions, which change no bits. */
  readonly programId: string;
  readonly partition: Partition;
  readonly placement: Placement;
  readonly specs: readonly SegmentSpec[];
  /** What the segments are made of, by SHA-256: their graphs, and the tensors that these name. Empty for declared devices. */
  readonly artifacts: ReadonlyMap<string, Artifact>;
  /** The model's files as they were when its graph was read and its weights were hashed. */
  readonly sources: readonly FileState[];
  /** Graph inputs at their static shapes: those of one micro-batch. */
  readonly inputs: readonly ValueSpec[];
  readonly output: ValueSpec;
  /** As asked for, with what was chosen in place of `auto`. */
  readonly settings: Chosen<PlannedSettings>;
  readonly predicted: PlanPrediction;
  /** With a bound on the error: what was chosen, and what was not. */
  readonly choice?: Choice | undefined;
  /** Where the predictor may be cut again on measured times: what the costs followed, and what it is remembered as. */
  readonly timed: TimedPlan | undefined;
  /** Estimated for each component, from component 1; empty for declared devices. */
  readonly memory: readonly PartMemory[];
  /** Operators whose work the cost model does not know. */
  readonly unknownOperators: readonly string[];
  readonly declared: boolean;
  /** Declared devices: factor on their times; 1 otherwise. */
  readonly timeDilation: number;
}

/** What a plan's costs followed. */
export interface TimedPlan {
  readonly subject: TimesSubject;
  readonly known: KnownTimes;
  /** Of the workers, in the request's order, as the plan has them. */
  readonly speeds: readonly number[];
}

/** Where a segment's graph, or a tensor, lies on the planner's host. */
export interface Artifact extends FileRange {
  /** SHA-256 of the tensors that a graph names; empty for a tensor. */
  readonly tensors: readonly string[];
}

/** The model of a session of a plan, opened where it was planned. */
export function segmentModel({ artifacts }: Pick<Plan, 'artifacts'>, sha256: string): SegmentModel {
  const graph = artifacts.get(sha256);
  if (graph === undefined) throw new AsyncDiffError('internal', `the plan has no segment ${sha256}`);
  const tensors = new Map(
    graph.tensors.flatMap((name) => {
      const tensor = artifacts.get(name);
      return tensor === undefined ? [] : [[name, tensor] as const];
    }),
  );
  return { graphPath: graph.path, tensors };
}

export interface PlanPrediction {
  /** Time of an asynchronous round from node costs and links, milliseconds. */
  readonly periodMs: number;
  readonly criticalCycle: readonly CriticalEvent[];
}
