import { type Guidance, strongestScale } from '../common/guidance/index.js';
import type { PlanSettings } from '../common/settings/index.js';
import {
  componentCount,
  listRounds,
  type Partition,
  type ScheduleSettings,
  stagesOf,
} from '../program/index.js';
import { isFlow, type Sampler } from '../samplers/index.js';
import type { LookAheadOptions } from './latents-predictor.js';

/** Drift above which a step is made in order, with mild guidance: as a rule, on a flow with two components, and with fresh noise in every step. */
const TOLERANCE = 0.03;
const TOLERANCE_OF_FLOW = 0.05;
const TOLERANCE_WITH_NOISE = 0.1;
/** What a flow drifts further ahead than one round under guidance, once the early steps are done. */
const TOLERANCE_OF_GUIDED_FLOW = 0.045;
/**
 * In the early steps it is decided what a picture shows: a small error there can lead to another picture. Drift above which one of them is made in order,
 * times the rounds that the furthest component looks ahead.
 */
const EARLY_DRIFT = 0.015;
/** Below so many steps that is seen without a flow as well. */
const EARLY_MATTERS = 20;
/** Drift above which the slope is weighted by how well it kept so far. */
const GATE_ABOVE = 0.03;
/** From this guidance on, with so few steps, the guided output reacts to an error of the latents with more than its size: no slope. */
const STRONG_GUIDANCE = 5;
const FEW_STEPS = 30;
/**
 * The guided output reacts to an error of the latents in proportion to the guidance: with more of it the tolerance goes down. The drift is of a prediction
 * one round ahead; those further ahead are further off. This is the tolerance times guidance and (1 + rounds ahead).
 */
const GUIDED_DRIFT = 0.15;
/** Guidance above which the tolerance of a flow goes down. */
const TOLERANT_GUIDANCE_OF_FLOW = 4.5;
/** Guidance from which on two rounds ahead are far for a flow; otherwise it is three. */
const GUIDED_FLOW = 4;

interface LookAheadJob {
  readonly schedule: ScheduleSettings;
  readonly settings: Pick<PlanSettings, 'tolerance' | 'maxSpeedLoss'>;
  readonly sampler: Sampler;
  readonly guidance: Guidance | undefined;
  readonly partition: Partition;
}

/** What a tolerance is chosen for. */
interface TolerantJob extends Omit<LookAheadJob, 'settings'> {
  readonly settings: Pick<PlanSettings, 'tolerance'>;
}

/** How the latents of a job are predicted, and when they are not trusted; undefined where the program does not look ahead. */
export function lookAheadOptions(job: LookAheadJob): LookAheadOptions | undefined {
  const { schedule, settings, sampler, guidance, partition } = job;
  if (schedule.lookAhead === undefined) return undefined;
  const guidanceScale = scaleOf(guidance);
  const farthest = farthestOf(partition);
  const tolerance = toleranceOf(job);
  return {
    slope: isStrong(job) ? 0 : slopeOf(sampler, farthest, guidanceScale),
    gateAbove: GATE_ABOVE,
    tolerance: tolerance === 'off' ? undefined : tolerance,
    earlyTolerance: earlyToleranceOf(job),
    holds: affordableHolds(schedule, settings.maxSpeedLoss, componentCount(partition)),
  };
}

/** Drift above which a step of the job is made in order: `auto` by sampler and distance, as docs/quality.md measures them. */
export function toleranceOf(job: TolerantJob): number | 'off' {
  const { schedule, settings, sampler, partition } = job;
  const { tolerance } = settings;
  if (tolerance !== 'auto') return tolerance;
  if (schedule.lookAhead === undefined) return 'off';
  // What the prediction misses drowns in the noise that is drawn next.
  if (sampler.lookAhead.family === 'stochastic') return TOLERANCE_WITH_NOISE;
  const guidanceScale = scaleOf(job.guidance);
  const farthest = farthestOf(partition);
  // With the whole predictor on each worker as well nothing is predicted nearer than the next step.
  if (!isFlow(sampler))
    return Math.min(TOLERANCE, GUIDED_DRIFT / (1 + Math.max(1, farthest)) / guidanceScale);
  const farther = guidanceScale >= GUIDED_FLOW ? TOLERANCE_OF_GUIDED_FLOW : TOLERANCE;
  const usual = farthest === 1 ? TOLERANCE_OF_FLOW : farther;
  return usual * Math.min(1, TOLERANT_GUIDANCE_OF_FLOW / guidanceScale);
}

/** The tolerance in the early steps, where it is left to us; undefined: as later. */
function earlyToleranceOf(job: TolerantJob): number | undefined {
  const { settings, sampler, partition } = job;
  const tolerance = toleranceOf(job);
  if (settings.tolerance !== 'auto' || tolerance === 'off') return undefined;
  const farthest = farthestOf(partition);
  // Fresh noise makes up for what was decided before it.
  const isForgotten = sampler.lookAhead.family === 'stochastic';
  const matters = isFlow(sampler) || sampler.numCalls < EARLY_MATTERS;
  return farthest > 1 && matters && !isForgotten ? Math.min(tolerance, EARLY_DRIFT / farthest) : undefined;
}

/** Whether the guided output reacts to an error of the latents with more than its size. */
function isStrong({ sampler, guidance }: Pick<LookAheadJob, 'sampler' | 'guidance'>): boolean {
  return scaleOf(guidance) >= STRONG_GUIDANCE && sampler.numCalls <= FEW_STEPS;
}

function scaleOf(guidance: Guidance | undefined): number {
  return Math.max(1, guidance === undefined ? 1 : strongestScale(guidance));
}

/** Rounds that the furthest component looks ahead. */
function farthestOf(partition: Partition): number {
  return Math.max(...stagesOf(partition).map(({ ahead }) => ahead));
}

/** The velocity of a flow bends, more so under guidance: far ahead half of its slope is nearer than all of it. */
function slopeOf(sampler: Sampler, farthest: number, guidanceScale: number): number {
  const isFar = farthest >= 3 || (farthest === 2 && guidanceScale >= GUIDED_FLOW);
  return isFlow(sampler) && isFar && sampler.numCalls < 40 ? 0.5 : 1;
}

/** Steps in order that cost no more than this share of the speed, a round being 1/N of a step in order (S times that where one worker does S runs). */
function affordableHolds(schedule: ScheduleSettings, maxSpeedLoss: number, components: number): number {
  if (maxSpeedLoss >= 1) return schedule.numInferenceSteps;
  const roundCost = (schedule.lookAhead?.replicas === true ? 1 : schedule.stride) / components;
  const cost = runCost(schedule, roundCost);
  const each = 1 - roundCost / schedule.stride;
  return each <= 0
    ? schedule.numInferenceSteps
    : Math.floor((cost * maxSpeedLoss) / (1 - maxSpeedLoss) / each);
}

/** What a run costs, in steps in order: those that it makes, and `roundCost` for every asynchronous round. */
export function runCost(schedule: ScheduleSettings, roundCost: number): number {
  return listRounds(schedule).reduce(
    (sum, { mode, steps }) => sum + (mode === 'sync' ? steps : roundCost),
    0,
  );
}

/** Of the steps of a run, those that ran in order, and what the prediction of the others came to. */
export function driftReport(
  schedule: ScheduleSettings,
  heldAt: readonly number[],
  drifts: readonly (number | undefined)[],
): { readonly inOrder: readonly number[]; readonly driftSum: number } {
  const planned = listRounds(schedule).filter(({ mode }) => mode === 'sync');
  const inOrder = [...new Set([...planned.map(({ firstStep }) => firstStep), ...heldAt])].sort(
    (a, b) => a - b,
  );
  const known = new Set(inOrder);
  let driftSum = 0;
  for (let step = 0; step < schedule.numInferenceSteps; step++)
    if (!known.has(step)) driftSum += (drifts[step] ?? 0) ** 2;
  return { inOrder, driftSum };
}

/** What a user should know of it. */
export function lookAheadNotes(
  job: Pick<LookAheadJob, 'schedule' | 'sampler'>,
  heldAt: readonly number[],
  inOrder: readonly number[],
): string[] {
  const { schedule, sampler } = job;
  if (schedule.lookAhead === undefined) return [];
  const notes: string[] = [];
  const steps = schedule.numInferenceSteps;
  if (!sampler.lookAhead.worthwhile)
    notes.push(
      `the latents of ${sampler.name} are hard to predict, so that look-ahead gains little; try another sampler (--scheduler)`,
    );
  if (heldAt.length > 0) {
    const most =
      inOrder.length > steps / 2 ? '; more workers hardly help here: lower guidance or more steps would' : '';
    notes.push(
      `${heldAt.length} of ${steps} steps were made in order because the latents drifted from their prediction (--tolerance)${most}`,
    );
  } else if (inOrder.length === steps && steps > 1)
    notes.push(`all ${steps} steps ran in order: with so few, more workers do not make one picture faster`);
  return notes;
}
