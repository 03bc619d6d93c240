import type { PlanSettings } from '../common/settings/index.js';
import { samplingWorker } from './latents.js';
import type { Partition } from './partition.js';
import type { Placement } from './placement.js';
import type { ScheduleSettings } from './rounds.js';
import { stagesOf } from './stages.js';

/** What a schedule is made for. */
interface ScheduledJob {
  /** T, calls of the model. */
  readonly steps: number;
  /** Whether the sampler follows a flow: its latents are predicted less well in few steps. */
  readonly flow: boolean;
  /** Classifier-free guidance of a deterministic sampler; 1 or less, or left out: none. */
  readonly guidanceScale?: number | undefined;
  /** Once there is a plan. */
  readonly plan?: { readonly partition: Partition; readonly placement: Placement } | undefined;
}

type Settings = Pick<
  PlanSettings,
  'components' | 'stride' | 'stepParallel' | 'lag' | 'warmUp' | 'end' | 'inOrder' | 'timeShift' | 'lookAhead'
>;

/** Steps in order at the beginning and at the end. */
interface Ends {
  readonly warmUp: number;
  readonly end: number;
}

/** Warm-up steps of AsyncDiff, or all steps where there are fewer. */
const PLAIN_WARM_UP = 3;
/** Guidance from which on the last step but one is worth a step in order, where the furthest component looks one step ahead. */
const GUIDED = 4;
/** With so few steps none is left to gain. */
const MAX_IN_ORDER = 5;
/** Above this guidance, guidance / T^2 from which on the tolerance would hold all but a fifth of the steps, and the rest would be left to chance. */
const MILD = 2;
const WILD = 0.035;

/** The schedule of a job: what the settings leave open is chosen for its steps, its sampler and the distance that its plan looks ahead. */
export function scheduleOf(settings: Settings, job: ScheduledJob): ScheduleSettings {
  const { timeShift } = settings;
  const { plan } = job;
  const holders = plan?.placement.at(-1)?.length;
  const replicas =
    plan === undefined ? waysOf(settings) > 1 : samplingWorker(plan.partition, plan.placement) === undefined;
  const stride = strideOf(settings, holders);
  const reach = reachOf({ ...settings, stride }, job, replicas);
  const looksAhead = settings.lookAhead === 'on' && reach > 0;
  const isStepParallel = replicas && reach === stride - 1;
  const usual = looksAhead
    ? usualEnds(job, reach, isStepParallel)
    : { warmUp: Math.min(PLAIN_WARM_UP, job.steps), end: 0 };
  const warmUp = settings.warmUp === 'auto' ? usual.warmUp : settings.warmUp;
  const end = settings.end === 'auto' ? usual.end : settings.end;
  return {
    numInferenceSteps: job.steps,
    stride,
    warmUp: Math.min(warmUp, job.steps),
    end: Math.min(end, Math.max(0, job.steps - warmUp)),
    inOrder: settings.inOrder.map(Number),
    timeShift,
    lookAhead: looksAhead ? { replicas } : undefined,
  };
}

/** S. Step-parallel on fewer workers than were asked for has so many fewer steps a round: more of them would be guessed for nothing. */
function strideOf(settings: Settings, holders = Number.POSITIVE_INFINITY): number {
  const stride = settings.stride === 'auto' ? 1 : settings.stride;
  return waysOf(settings) === 1 ? stride : Math.min(stride, holders);
}

/** W; 1 for as long as it has not been chosen. */
function waysOf({ stepParallel }: Settings): number {
  return stepParallel === 'auto' ? 1 : stepParallel;
}

/** Steps from what is known to what the furthest component computes for; 0 where nothing is predicted. */
function reachOf(
  { components, stride, lag }: Settings & { readonly stride: number },
  { plan }: ScheduledJob,
  replicas: boolean,
): number {
  const asked = components === 'auto' ? 1 : components;
  const rounds =
    plan === undefined
      ? asked - 1 + (asked > 1 && lag === 2 ? 1 : 0)
      : Math.max(...stagesOf(plan.partition).map(({ ahead }) => ahead));
  if (rounds === 0) return replicas ? stride - 1 : 0;
  return rounds * stride + stride - 1;
}

/** By steps, distance and family: docs/quality.md has the measurements that these are a judgement of. */
function usualEnds(
  { steps, flow, guidanceScale = 1 }: ScheduledJob,
  reach: number,
  isStepParallel: boolean,
): Ends {
  const far = reach > 1;
  const isWild = guidanceScale > MILD && guidanceScale / steps ** 2 >= WILD;
  if (steps <= MAX_IN_ORDER || isWild) return { warmUp: steps, end: 0 };
  if (steps < 10) return { warmUp: 2, end: flow ? 0 : 1 };
  if (steps < 20 && flow) return far ? { warmUp: 3, end: 1 } : { warmUp: 2, end: 1 };
  if (steps < 40 && flow) return { warmUp: 2, end: 2 };
  // One step ahead and under guidance the last but one is worth a step in order as well, but not the second one's place: with a single warm-up
  // step nothing fills the first round, and of some models that is nearly the whole error. Step-parallel has nothing to fill.
  const isLate = !far && !flow && steps >= 20 && guidanceScale >= GUIDED;
  if (isStepParallel && !far && !flow && (isLate || steps >= 40)) return { warmUp: 1, end: 2 };
  return { warmUp: 2, end: far || isLate ? 2 : 1 };
}
