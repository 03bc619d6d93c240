import type { PlannedSettings } from '../../common/settings/index.js';
import type { Halves } from '../../program/index.js';

/** One way to spread the predictor: a value for everything that the choice decides. */
export interface Candidate {
  readonly halves: Halves;
  readonly components: number;
  readonly stride: number;
  readonly stepParallel: number;
  readonly lag: 1 | 2;
}

interface CandidateRequest {
  readonly settings: PlannedSettings;
  /** N where cuts say it. */
  readonly namedComponents: number | undefined;
  /** Latents stand twice in the batch: there are two halves. */
  readonly guided: boolean;
  readonly workers: number;
}

/** With more components the error is above any bound in use. */
const MAX_COMPONENTS = 8;
const MAX_STEP_PARALLEL = 4;
const STRIDES = [1, 2] as const;
const LAGS = [1, 2] as const;

/** Every combination that the settings leave open, from one worker up. What is given explicitly is in all of them. */
export function candidates({ settings, namedComponents, guided, workers }: CandidateRequest): Candidate[] {
  const found = new Map<string, Candidate>();
  for (const halves of halvesOf(settings, guided, workers)) {
    const most = Math.min(MAX_COMPONENTS, Math.max(1, Math.floor(workers / halves)));
    const asked = namedComponents ?? settings.components;
    const counts = asked === 'auto' ? Array.from({ length: most }, (_, at) => at + 1) : [asked];
    const steps = halves === 2 ? [1] : stepsOf(settings, asked, workers);
    for (const components of counts)
      for (const stepParallel of components === 1 ? steps : [1])
        for (const stride of stridesOf(settings, components, stepParallel))
          for (const lag of settings.lag === 'auto' ? LAGS : [settings.lag]) {
            // One component has no boundary tensors.
            const one = { halves, components, stride, stepParallel, lag: components === 1 ? 1 : lag };
            if (settings.stepParallel === 'auto' || settings.stepParallel === stepParallel)
              found.set(configurationName(one), one);
          }
  }
  return [...found.values()];
}

function halvesOf(
  { guidanceSplit, stepParallel, microBatches }: PlannedSettings,
  guided: boolean,
  workers: number,
): Halves[] {
  if (guidanceSplit === 'on') return [2];
  const mayBe =
    guidanceSplit === 'auto' &&
    guided &&
    workers > 1 &&
    (stepParallel === 'auto' || stepParallel === 1) &&
    (microBatches === 1 || microBatches % 2 === 0);
  return mayBe ? [1, 2] : [1];
}

function stepsOf(
  { stepParallel, stride, lookAhead, shape, microBatches }: PlannedSettings,
  asked: number | 'auto',
  workers: number,
): number[] {
  if (stepParallel !== 'auto') return [stepParallel];
  const mayBe =
    lookAhead === 'on' && shape !== 'u-shaped' && microBatches === 1 && (asked === 'auto' || asked === 1);
  if (!mayBe) return [1];
  const most = Math.min(MAX_STEP_PARALLEL, workers);
  const steps = Array.from({ length: most }, (_, at) => at + 1);
  // A stride that was asked for is the number of steps a round.
  return stride === 'auto' ? steps : steps.filter((count) => count === 1 || count === stride);
}

function stridesOf({ stride }: PlannedSettings, components: number, stepParallel: number): readonly number[] {
  if (stepParallel > 1) return [stepParallel];
  if (stride !== 'auto') return [stride];
  return components === 1 ? [1] : STRIDES;
}

/** As benchmarks write it: `n2s1g`. */
export function configurationName({ halves, components, stride, stepParallel, lag }: Candidate): string {
  const ways = stepParallel > 1 ? `p${stepParallel}` : '';
  return `n${components}s${stepParallel > 1 ? 1 : stride}${ways}${lag === 2 ? 'l2' : ''}${halves === 2 ? 'g' : ''}`;
}
