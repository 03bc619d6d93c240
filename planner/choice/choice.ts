import type { PlannedSettings, PlanSettings } from '../../common/settings/index.js';
import type { Cluster, Halves, Partition, Placement } from '../../program/index.js';
import type { CostGraph, PartitionOptions } from '../search/index.js';
import type { Calibration } from './calibration.js';
import type { Candidate } from './candidates.js';
import type { ErrorSubject } from './error-model.js';

/** The job that a configuration is chosen for. */
export interface ChoiceSubject extends ErrorSubject {
  /** Calls of the predictor; more than the steps where a sampler makes two a step. */
  readonly calls: number;
  readonly schedule: Pick<PlanSettings, 'warmUp' | 'end' | 'inOrder' | 'timeShift' | 'tolerance'>;
}

export interface ChoiceRequest {
  readonly settings: PlannedSettings;
  readonly subject: ChoiceSubject;
  /** What was measured of the model; empty where nothing was. */
  readonly calibration?: Calibration | undefined;
  readonly namedComponents: number | undefined;
  readonly guided: boolean;
  /** In the order in which they are to be used. */
  readonly workers: readonly { readonly id: string; readonly speed: number }[];
  /** The predictor's costs for one part of the batch, or why there are none. */
  readonly graphs: ReadonlyMap<Halves, CostGraph | string>;
  /** Parts of the batch. */
  readonly parts: (halves: Halves) => number;
  readonly clusterFor: (placement: Placement) => Cluster;
  /** How partitions are searched, but for what the choice decides. */
  readonly search: Pick<
    PartitionOptions,
    'cuts' | 'shape' | 'laggedCut' | 'wireDtype' | 'widensHalf' | 'hostCopy' | 'recomputeShare'
  >;
  /** Says why the parts do not fit the workers; undefined where they do. */
  readonly refusal: (graph: CostGraph, sessions: Partition, placement: Placement) => string | undefined;
}

/** A configuration with what is predicted of it. */
export interface Judged extends Candidate {
  readonly name: string;
  readonly verdict: 'chosen' | 'slower' | 'error' | 'impossible';
  /** Time of the job, seconds; where it was not simulated, a lower bound. Undefined where it is impossible, or its error alone ruled it out. */
  readonly seconds: number | undefined;
  readonly isSimulated: boolean;
  /** Against one worker with the whole predictor. */
  readonly speedup: number | undefined;
  /** Latent MSE over variance. */
  readonly error: number | undefined;
  /** Where it is cut, once it was simulated: how far a plan looks ahead depends on it. */
  readonly shape: Partition['shape'] | undefined;
  /** Steps expected to run in order, of the calls. */
  readonly inOrder: number | undefined;
  readonly why: string;
}

export interface Choice {
  readonly chosen: Judged;
  /** All of them, the fastest first. */
  readonly judged: readonly Judged[];
  readonly limit: number;
  /** What a user should know; empty where there is nothing to say. */
  readonly advice: string;
}
