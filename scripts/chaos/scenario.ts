import type { PlanOptions } from '../../common/settings/index.js';
import { SeededChoices } from './seeded-choices.js';

/** Where in a job something happens. `joining`: while the worker it happens to has just been started anew. */
export const MOMENTS = Object.freeze({
  joining: 2,
  queued: 2,
  planning: 2,
  sending: 3,
  starting: 3,
  running: 6,
  ending: 2,
  between: 3,
});
export type Moment = keyof typeof MOMENTS;

/** What happens, each as often as its weight says. Those of workers, links, the coordinator, files. */
export const MISHAPS = Object.freeze({
  'kill worker': 6,
  'end worker': 3,
  'stop worker': 5,
  'cut control link': 4,
  'cut tensor links': 4,
  'freeze control link': 3,
  'freeze tensor links': 4,
  'delay control link': 2,
  'delay tensor links': 2,
  'damage cache': 3,
  'kill coordinator': 1,
  'stop coordinator': 2,
});
type MishapKind = keyof typeof MISHAPS;

/** What the client of a job does. */
const CLIENTS = Object.freeze({
  stays: 14,
  cancels: 2,
  leaves: 2,
  'loses its link': 2,
  'comes back': 2,
});
type ClientKind = keyof typeof CLIENTS;

export interface Mishap {
  readonly kind: MishapKind;
  readonly moment: Moment;
  /** Index of the worker that it happens to. */
  readonly worker: number;
  /** Of the job's steps, where it is running. */
  readonly stepShare: number;
  /** After the moment. */
  readonly delayMs: number;
  /** How long a stop, a freeze or a delay lasts, or until what was killed is started anew. */
  readonly lastsMs: number;
}

/** How the predictor is run; each pins what would otherwise depend on measured links, so that a run can be repeated. */
export const VARIANTS = Object.freeze({
  /** Every step in order: equal to the uncut model's, whatever is lost. */
  'in order': { cuts: ['middle'] },
  'look-ahead': { cuts: ['middle'], warmUp: 1 },
  'look-ahead, three': { cuts: ['early', 'late'], warmUp: 1 },
  'as published': { cuts: ['middle'], warmUp: 1, lookAhead: 'off' },
  'as published, stride 2': { cuts: ['middle'], warmUp: 1, lookAhead: 'off', stride: 2 },
  relayed: { cuts: ['middle'], warmUp: 1, dataPath: 'relay' },
} satisfies Record<string, PlanOptions>);
export type VariantName = keyof typeof VARIANTS;

export interface ChaosJob {
  readonly index: number;
  readonly variant: VariantName;
  readonly scheduler: 'DDIMScheduler' | 'DPMSolverMultistepScheduler';
  /** Height and width of the latents: another one is another plan. */
  readonly size: number;
  readonly steps: number;
  /** The coordinator runs the sampler too, and the client gets the tensors of every step. */
  readonly sendSteps: boolean;
  readonly client: ClientKind;
  /** Where the client does what it does. */
  readonly clientMoment: Moment;
  readonly mishaps: readonly Mishap[];
  /** Before the client submits it. */
  readonly pauseMs: number;
}

const SIZES = [8, 12, 16];

/** The jobs of a run and what happens to them: all of it follows from the seed. */
export function scenarioOf(seed: number, jobs: number, workers: number): ChaosJob[] {
  const choices = new SeededChoices(seed);
  return Array.from({ length: jobs }, (_, index) => jobOf(index, choices, workers));
}

function jobOf(index: number, choices: SeededChoices, workers: number): ChaosJob {
  return {
    index,
    variant: choices.pick(Object.keys(VARIANTS) as VariantName[]),
    scheduler: choices.percent(70) ? 'DDIMScheduler' : 'DPMSolverMultistepScheduler',
    size: choices.percent(80) ? 8 : choices.pick(SIZES),
    steps: choices.pick([6, 30, 120, 400]),
    sendSteps: choices.percent(20),
    client: choices.weighed(CLIENTS),
    clientMoment: choices.weighed(MOMENTS),
    mishaps: choices.percent(65) ? [mishapOf(choices, workers)] : [],
    pauseMs: choices.percent(50) ? 0 : choices.whole(0, 500),
  };
}

function mishapOf(choices: SeededChoices, workers: number): Mishap {
  return {
    kind: choices.weighed(MISHAPS),
    moment: choices.weighed(MOMENTS),
    worker: choices.whole(0, workers - 1),
    stepShare: choices.whole(5, 90) / 100,
    delayMs: choices.percent(50) ? 0 : choices.whole(1, 150),
    lastsMs: choices.pick([100, 500, 1_000, 2_500, 4_000]),
  };
}
