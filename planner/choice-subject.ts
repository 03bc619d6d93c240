import { type Guidance, strongestScale } from '../common/guidance/index.js';
import type { PlanSettings } from '../common/settings/index.js';
import { isFlow, type Sampler } from '../samplers/index.js';
import type { ChoiceSubject } from './choice/index.js';

/** What of a job a configuration is chosen by. */
export function choiceSubject(
  sampler: Sampler,
  guidance: Guidance | undefined,
  { warmUp, end, inOrder, timeShift, tolerance }: ChoiceSubject['schedule'] | PlanSettings,
): ChoiceSubject {
  const { family, worthwhile } = sampler.lookAhead;
  return {
    steps: sampler.numInferenceSteps,
    calls: sampler.numCalls,
    family: isFlow(sampler) ? 'flow' : family === 'stochastic' ? 'stochastic' : 'ode',
    worthwhile,
    guidanceScale: guidance === undefined ? 1 : strongestScale(guidance),
    schedule: { warmUp, end, inOrder, timeShift, tolerance },
  };
}
