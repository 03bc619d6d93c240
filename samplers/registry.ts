import { AsyncDiffError } from '../common/errors/index.js';
import { cmStochasticIterative } from './cm-stochastic-iterative.js';
import { cogVideoXDdim } from './cogvideox-ddim.js';
import { cogVideoXDpm } from './cogvideox-dpm.js';
import { cosineDpmSolverMultistep } from './cosine-dpm-solver-multistep.js';
import { ddimParallel } from './ddim-parallel.js';
import { ddim } from './ddim.js';
import { ddpmParallel } from './ddpm-parallel.js';
import { ddpmWuerstchen } from './ddpm-wuerstchen.js';
import { ddpm } from './ddpm.js';
import type { SamplerDefinition } from './definition.js';
import { deisMultistep } from './deis-multistep.js';
import { dpmSolverMultistep } from './dpm-solver-multistep.js';
import { dpmSolverSde } from './dpm-solver-sde.js';
import { dpmSolverSinglestep } from './dpm-solver-singlestep.js';
import { edmDpmSolverMultistep } from './edm-dpm-solver-multistep.js';
import { edmEuler } from './edm-euler.js';
import { eulerAncestralDiscrete } from './euler-ancestral-discrete.js';
import { eulerDiscrete } from './euler-discrete.js';
import { flowMatchEulerDiscrete } from './flow-match-euler-discrete.js';
import { flowMatchHeunDiscrete } from './flow-match-heun-discrete.js';
import { flowMatchLcm } from './flow-match-lcm.js';
import { heunDiscrete } from './heun-discrete.js';
import { ipndm } from './ipndm.js';
import { kdpm2AncestralDiscrete } from './kdpm2-ancestral-discrete.js';
import { kdpm2Discrete } from './kdpm2-discrete.js';
import { lcm } from './lcm.js';
import { lmsDiscrete } from './lms-discrete.js';
import { ltxEulerAncestralRf } from './ltx-euler-ancestral-rf.js';
import type { NoiseSource } from './noise.js';
import { pndm } from './pndm.js';
import { saSolver } from './sa-solver.js';
import type { Sampler } from './sampler.js';
import type { SchedulerConfig } from './scheduler-config.js';
import { scm } from './scm.js';
import { tcd } from './tcd.js';
import { unclip } from './unclip.js';
import { uniPCMultistep } from './uni-pc-multistep.js';

/** Every sampler there is. A new one is a file of its own and a line here. */
export const SAMPLERS: readonly SamplerDefinition[] = Object.freeze([
  ddim,
  ddimParallel,
  ddpm,
  ddpmParallel,
  pndm,
  ipndm,
  eulerDiscrete,
  eulerAncestralDiscrete,
  heunDiscrete,
  lmsDiscrete,
  kdpm2Discrete,
  kdpm2AncestralDiscrete,
  dpmSolverMultistep,
  dpmSolverSinglestep,
  dpmSolverSde,
  deisMultistep,
  uniPCMultistep,
  saSolver,
  lcm,
  tcd,
  flowMatchEulerDiscrete,
  flowMatchHeunDiscrete,
  flowMatchLcm,
  ltxEulerAncestralRf,
  edmEuler,
  edmDpmSolverMultistep,
  cosineDpmSolverMultistep,
  cmStochasticIterative,
  scm,
  unclip,
  ddpmWuerstchen,
  cogVideoXDdim,
  cogVideoXDpm,
]);

interface SamplerChoice {
  /** Another sampler for the same model: a name, an alias, or the name of diffusers' class. Default: the config's class. */
  readonly name?: string | undefined;
  /** Arguments of set_timesteps() and step(), under diffusers' names. */
  readonly options?: Readonly<Record<string, unknown>> | undefined;
  /** For samplers that draw fresh noise; without it their first draw throws `internal`. */
  readonly noise?: NoiseSource | undefined;
}

/**
 * The sampler that `config` describes. `choice.name` takes another one for the same model, with diffusers' `from_config` semantics: the
 * keys that both have are carried over, the others take the new class's defaults.
 * @param numInferenceSteps 1 to the model's training timesteps; may be undefined with explicit `sigmas` or `timesteps`
 * @throws `scheduler_unsupported` for a class, name or option that does not exist or cannot be exchanged, `invalid_settings` for a bad value
 */
export function createSampler(
  config: SchedulerConfig,
  numInferenceSteps: number | undefined,
  { name, options = {}, noise }: SamplerChoice = {},
): Sampler {
  const { _class_name: className } = config;
  const definition = name === undefined ? byClass(className) : byName(name, config);
  const steps = numInferenceSteps ?? stepsOf(options);
  const given = config['num_train_timesteps'];
  // What cannot be is for the sampler's own schema to refuse, which names the key.
  const trained = typeof given === 'number' && Number.isInteger(given) && given > 0 ? given : 1000;
  if (steps === undefined)
    throw new AsyncDiffError('invalid_settings', 'nothing says how many steps there are', {
      hint: 'Give --num-inference-steps, or --sigmas or --timesteps where the sampler takes them.',
    });
  if (!Number.isInteger(steps) || steps < 1 || steps > trained) {
    throw new AsyncDiffError(
      'invalid_settings',
      `num_inference_steps must be a whole number from 1 to ${trained}, the model's training timesteps; got ${steps}`,
    );
  }
  const same = definition.className === className;
  return definition.create({
    config: same ? config : withoutDefaults(config),
    numInferenceSteps: steps,
    options,
    noise,
  });
}

/** Throws `scheduler_unsupported` unless the sampler of that name can stand in for the one that `config` describes. */
export function checkStandIn(name: string, config: SchedulerConfig): void {
  byName(name, config);
}

/** The sampler of this name, alias or diffusers class; undefined where there is none. */
export function findSampler(name: string): SamplerDefinition | undefined {
  const wanted = name.toLowerCase();
  return SAMPLERS.find((sampler) =>
    [sampler.name, sampler.className, ...sampler.aliases].some((known) => known.toLowerCase() === wanted),
  );
}

/** The names of samplers that can run a model with this config. */
function samplersFor(config: SchedulerConfig): readonly string[] {
  return SAMPLERS.filter((sampler) => canStandIn(sampler, config)).map((sampler) => sampler.name);
}

/** Explicit lists say how many steps there are; Euler's sigmas have a trailing zero. */
function stepsOf(options: Readonly<Record<string, unknown>>): number | undefined {
  const { sigmas, timesteps } = options;
  if (Array.isArray(timesteps)) return timesteps.length;
  if (!Array.isArray(sigmas)) return undefined;
  return sigmas.at(-1) === 0 ? sigmas.length - 1 : sigmas.length;
}

/** Where a config says which of its keys are only the old class's defaults, another class takes its own instead. */
function withoutDefaults(config: SchedulerConfig): SchedulerConfig {
  const defaults = config['_use_default_values'];
  if (!Array.isArray(defaults)) return config;
  const { _class_name: className } = config;
  const kept = Object.entries(config).filter(([key]) => !defaults.includes(key));
  return { ...Object.fromEntries(kept), _class_name: className };
}

function byClass(className: string): SamplerDefinition {
  const found = SAMPLERS.find((sampler) => sampler.className === className);
  if (found !== undefined) return found;
  throw new AsyncDiffError(
    'scheduler_unsupported',
    `scheduler ${className} is not supported; supported: ${SAMPLERS.map((sampler) => sampler.className).join(', ')}`,
    { hint: 'See docs/reference/samplers.md for the samplers there are, and choose one with --scheduler.' },
  );
}

function byName(name: string, config: SchedulerConfig): SamplerDefinition {
  const found = findSampler(name);
  const { _class_name: className } = config;
  if (found === undefined) {
    const names = SAMPLERS.map((sampler) => sampler.name).join(', ');
    throw new AsyncDiffError('scheduler_unsupported', `no sampler is called ${JSON.stringify(name)}`, {
      hint: `There are: ${names}. The names of diffusers classes are taken as well.`,
    });
  }
  if (canStandIn(found, config)) return found;
  const others = samplersFor(config);
  if (others.length === 0)
    throw new AsyncDiffError('scheduler_unsupported', `${className} is no sampler that is known here`, {
      hint: "Give the scheduler_config.json of the model's own sampler.",
    });
  throw new AsyncDiffError(
    'scheduler_unsupported',
    `a model with a ${className} cannot be sampled with ${found.name}: the two do not share a noise schedule`,
    { hint: `Leave --scheduler out, or choose one of: ${others.join(', ')}.` },
  );
}

function canStandIn(sampler: SamplerDefinition, config: SchedulerConfig): boolean {
  const { _class_name: ownName } = config;
  const own = SAMPLERS.find(({ className }) => className === ownName);
  if (own === sampler) return true;
  if (own === undefined || own.kind === 'own') return false;
  if (own.takesFlowSigmas && config['use_flow_sigmas'] === true) return sampler.takesFlowSigmas;
  return sampler.kind === own.kind;
}
