import { type Guidance, strongestScale } from '../common/guidance/index.js';
import type { PlanSettings } from '../common/settings/index.js';
import type { ChoiceSubject } from './choice/index.js';

/** What of a job a configuration is chosen by. `sampled`: what its sampler is like (`samplerTraits`). */
export function choiceSubject(
  sampled: Pick<ChoiceSubject, 'steps' | 'calls' | 'family' | 'worthwhile'>,
  guidance: Guidance | undefined,
  { warmUp, end, inOrder, timeShift, tolerance }: ChoiceSubject['schedule'] | PlanSettings,
): ChoiceSubject {
  return {
    ...sampled,
    guidanceScale: guidance === undefined ? 1 : strongestScale(guidance),
    schedule: { warmUp, end, inOrder, timeShift, tolerance },
  };
}
