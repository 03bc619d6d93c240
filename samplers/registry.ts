import { AsyncDiffError } from '../common/errors/index.js';
import { ddim } from './ddim.js';
import { dpmSolverMultistep } from './dpm-solver-multistep.js';
import { eulerDiscrete } from './euler-discrete.js';
import { flowMatchEulerDiscrete } from './flow-match-euler-discrete.js';
import type { Sampler, SamplerDefinition } from './sampler.js';
import type { SchedulerConfig } from './scheduler-config.js';

/** Every sampler there is. A new one is a file of its own and a line here. */
export const SAMPLERS: readonly SamplerDefinition[] = Object.freeze([
  ddim,
  eulerDiscrete,
  dpmSolverMultistep,
  flowMatchEulerDiscrete,
]);

/** The classes whose configs diffusers lets stand in for one another (KarrasDiffusionSchedulers), less EDM's own scaling. */
const EXCHANGEABLE: ReadonlySet<string> = new Set([
  'DDIMScheduler',
  'DDPMScheduler',
  'PNDMScheduler',
  'LMSDiscreteScheduler',
  'EulerDiscreteScheduler',
  'HeunDiscreteScheduler',
  'EulerAncestralDiscreteScheduler',
  'DPMSolverMultistepScheduler',
  'DPMSolverSinglestepScheduler',
  'KDPM2DiscreteScheduler',
  'KDPM2AncestralDiscreteScheduler',
  'DEISMultistepScheduler',
  'UniPCMultistepScheduler',
  'DPMSolverSDEScheduler',
]);

/**
 * The sampler that `config` describes, set to `numInferenceSteps` steps. `name` chooses another one for the same model, with
 * diffusers' `from_config` semantics: the keys that both have are carried over, the others take the new class's defaults.
 * Throws `scheduler_unsupported` for a class, name or option that is not built, `invalid_settings` for a bad value.
 */
export function createSampler(config: SchedulerConfig, numInferenceSteps: number, name?: string): Sampler {
  const { _class_name: className } = config;
  const definition = name === undefined ? byClass(className) : byName(name, className);
  const given = config['num_train_timesteps'];
  // A value of another type is for the sampler's own schema to refuse, which names the key.
  const trained = typeof given === 'number' ? given : 1000;
  const isValid = Number.isInteger(numInferenceSteps) && numInferenceSteps >= 1;
  if (!isValid || numInferenceSteps > trained) {
    throw new AsyncDiffError(
      'invalid_settings',
      `num_inference_steps must be a whole number from 1 to ${trained}, the model's training timesteps; got ${numInferenceSteps}`,
    );
  }
  return definition.create(config, numInferenceSteps);
}

function byClass(className: string): SamplerDefinition {
  const found = SAMPLERS.find((sampler) => sampler.className === className);
  if (found !== undefined) return found;
  const hint = EXCHANGEABLE.has(className)
    ? "Run the model with another sampler: --scheduler ddim, euler or dpmpp_2m (the config's betas are kept)."
    : 'See docs/reference/samplers.md for what is supported.';
  throw new AsyncDiffError(
    'scheduler_unsupported',
    `scheduler ${className} is not supported; supported: ${SAMPLERS.map((sampler) => sampler.className).join(', ')}`,
    { hint },
  );
}

function byName(name: string, configClass: string): SamplerDefinition {
  const found = SAMPLERS.find((sampler) => sampler.name === name);
  if (found === undefined) {
    throw new AsyncDiffError(
      'scheduler_unsupported',
      `no sampler is called ${JSON.stringify(name)}; there are: ${SAMPLERS.map((sampler) => sampler.name).join(', ')}`,
    );
  }
  if (found.className === configClass) return found;
  if (found.flowMatching || !EXCHANGEABLE.has(configClass)) {
    throw new AsyncDiffError(
      'scheduler_unsupported',
      `a model with a ${configClass} cannot be sampled with ${name}: the two do not share a noise schedule`,
      { hint: 'Leave --scheduler out.' },
    );
  }
  return found;
}
