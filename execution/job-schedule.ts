import { strongestScale } from '../common/guidance/index.js';
import type { PlanSettings } from '../common/settings/index.js';
import { type Partition, type Placement, scheduleOf, type ScheduleSettings } from '../program/index.js';
import { isFlow } from '../samplers/index.js';
import type { DenoiseJob } from './denoise-job.js';
import type { LookAheadOptions } from './latents-predictor.js';
import { lookAheadOptions } from './look-ahead-options.js';

/** What a job's rounds follow from. */
interface PlannedJob extends Pick<DenoiseJob, 'sampler' | 'guidance'> {
  /** With what the plan decided in place of `auto`. */
  readonly settings: PlanSettings;
  readonly plan: { readonly partition: Partition; readonly placement: Placement };
}

/** The rounds of a job under a plan, and how its latents are predicted: what every executor of it must agree about. */
export function jobSchedule({ settings, sampler, guidance, plan }: PlannedJob): {
  readonly schedule: ScheduleSettings;
  readonly lookAhead: LookAheadOptions | undefined;
} {
  // With fresh noise in every step the last ones were not measured.
  const isGuided = guidance !== undefined && sampler.lookAhead.family !== 'stochastic';
  const guidanceScale = isGuided ? strongestScale(guidance) : 1;
  const schedule = scheduleOf(settings, {
    steps: sampler.numCalls,
    flow: isFlow(sampler),
    guidanceScale,
    plan,
  });
  const { partition } = plan;
  return { schedule, lookAhead: lookAheadOptions({ schedule, settings, sampler, guidance, partition }) };
}

/** The schedule of what is left of a job that goes on after a loss: one step in order, and what was to run in order anyway still does. */
export function scheduleFrom(usual: ScheduleSettings, firstStep: number): ScheduleSettings {
  return firstStep === 0 ? usual : { ...usual, warmUp: Math.max(1, usual.warmUp - firstStep), firstStep };
}
