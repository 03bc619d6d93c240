import type { SegmentSpec } from '../execution/index.js';
import type { ValueSpec } from '../common/tensor/index.js';
import type { CriticalEvent } from './search/index.js';
import type { Partition } from '../program/index.js';
import type { InputShapes } from './model/index.js';
import type { OptimizationLevel } from '../execution/index.js';
import type { Placement } from '../program/index.js';

/** Where the noise predictor comes from. */
export type PlanSource =
  | { readonly kind: 'model'; readonly modelPath: string; readonly inputShapes: InputShapes }
  /** Declared devices: the profile's JSON. */
  | { readonly kind: 'profile'; readonly profileJson: string };

/** How the predictor is to be spread; zero and empty mean that the planner chooses. */
export interface PlanSettings {
  readonly components: number;
  readonly stride: number;
  readonly cuts: readonly string[];
  readonly shape: 'auto' | 'sequential' | 'u-shaped';
  readonly wireDtype: 'float32' | 'float16';
  /**
   * `on`: values that one node makes from the latents are computed where they are read; `off`: they are sent, as in the paper; `auto`: off where
   * `cuts` are named (to repeat a run of another system), on otherwise.
   */
  readonly recompute: 'auto' | 'on' | 'off';
  /** 1, 2, or 0: whichever gives the shorter period. */
  readonly lag: 0 | 1 | 2;
  /** Sessions per component at most; 0: what gives the shortest period, up to 4. */
  readonly microCuts: number;
  /** M, parts of the batch that are computed one after another; 1: as a whole. */
  readonly microBatches: number;
}

/** N as the settings ask for it; 0 to choose. Cuts by name determine it: in a U-shape the first and the last piece are one component. */
export function componentsAsked({
  components,
  cuts,
  shape,
}: Pick<PlanSettings, 'components' | 'cuts' | 'shape'>): number {
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
  /** Coordinator to worker and back, measured. */
  readonly roundTripMs: number;
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
  readonly settings: PlanSettings;
  readonly workers: readonly PlanWorker[];
  readonly links: readonly PlanLink[];
  /** Batch repeat of the latents: what travels to and from the coordinator is 1/repeat of the graph's latents. */
  readonly batchRepeat: number;
  /** Folder for prepared models and segments. */
  readonly workDir: string;
  /** What segments run at, and so what their costs are measured at. */
  readonly optimizationLevel: OptimizationLevel;
  /** Threads to measure with. */
  readonly threads: number;
}

/** A partition placed on workers, ready to be deployed. Plain data: it crosses threads. */
export interface Plan {
  /** Content address of partition, placement and sessions: the same plan gives the same bits. */
  readonly planId: string;
  readonly partition: Partition;
  readonly placement: Placement;
  readonly specs: readonly SegmentSpec[];
  /** Path of each segment's model by its SHA-256; empty for declared devices. */
  readonly artifactPaths: ReadonlyMap<string, string>;
  /** Graph inputs at their static shapes: those of one micro-batch. */
  readonly inputs: readonly ValueSpec[];
  readonly output: ValueSpec;
  readonly microCuts: number;
  readonly lag: 1 | 2;
  readonly wireDtype: 'float32' | 'float16';
  readonly recompute: 'on' | 'off';
  readonly predicted: PlanPrediction;
  readonly declared: boolean;
  /** Declared devices: factor on their times; 1 otherwise. */
  readonly timeDilation: number;
}

export interface PlanPrediction {
  /** Time of an asynchronous round from node costs and links, milliseconds. */
  readonly periodMs: number;
  readonly criticalCycle: readonly CriticalEvent[];
}
