import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { guidanceOf } from '../../common/guidance/index.js';
import type { PlanSettings } from '../../common/settings/index.js';
import { choiceSubject, type ChoiceSubject } from '../../planner/index.js';
import {
  createSampler,
  parseSchedulerConfig,
  type Sampler,
  samplerTraits,
  SeededNoise,
} from '../../samplers/index.js';

const SCHEDULER = 'scheduler/scheduler_config.json';
/** What an ONNX file alone is taken to be sampled with. */
const USUAL_SCHEDULER = '{"_class_name":"DDIMScheduler"}';
const USUAL_FLOW = '{"_class_name":"FlowMatchEulerDiscreteScheduler"}';

/** The job that a plan without a job is chosen for: its sampler is the model folder's, where there is one. */
export function planSubject(
  folder: string | undefined,
  job: {
    readonly numInferenceSteps: number;
    readonly guidanceScale: number;
    readonly settings: PlanSettings;
  },
): ChoiceSubject {
  const path = folder === undefined ? undefined : join(folder, SCHEDULER);
  const text = path !== undefined && existsSync(path) ? readFileSync(path, 'utf8') : USUAL_SCHEDULER;
  const sampler = samplerOf(text, job.numInferenceSteps);
  return choiceSubject(samplerTraits(sampler), guidanceOf(job.guidanceScale), job.settings);
}

/** The sampler of a config; one of its family where it needs what only a job has (dynamic shifting). */
function samplerOf(text: string, steps: number): Sampler {
  const noise = new SeededNoise({ seed: 0n, drawnBefore: [] });
  try {
    return createSampler(parseSchedulerConfig(text), steps, { noise });
  } catch {
    const usual = text.includes('Flow') ? USUAL_FLOW : USUAL_SCHEDULER;
    return createSampler(parseSchedulerConfig(usual), steps, { noise });
  }
}
