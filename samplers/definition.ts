import type { z } from 'zod';
import type { SamplerMethod } from './method.js';
import { RunningSampler, type SamplerRequest } from './running-sampler.js';
import type { Sampler } from './sampler.js';
import { readSamplerOptions, type SamplerOption, type SamplerOptions } from './sampler-options.js';
import { readSettings } from './scheduler-config.js';

/**
 * What a config's noise levels are made of; classes of one kind can stand in for one another.
 * - `betas`: a schedule of betas over training timesteps. `flow`: a straight line between data and noise.
 * - `edm`: the sigmas of Karras et al. 2022. `own`: something of the class's own.
 */
type NoiseKind = 'betas' | 'flow' | 'edm' | 'own';

/** What a sampler's file exports, and what the registry lists. */
export interface SamplerDefinition {
  /** As `--scheduler` takes it. */
  readonly name: string;
  /** Other names that it is known by. */
  readonly aliases: readonly string[];
  /** The diffusers class it reproduces, as `_class_name` in scheduler_config.json. */
  readonly className: string;
  readonly kind: NoiseKind;
  /** Whether `use_flow_sigmas` in its config makes it a sampler for flow matching. */
  readonly takesFlowSigmas: boolean;
  /** The options that it takes, those aside that say which part of a run is run. */
  readonly options: readonly SamplerOption[];
  /** Throws `invalid_settings` or `scheduler_unsupported`, naming the key. */
  create(request: SamplerRequest): Sampler;
}

export interface SamplerDescription<T extends z.ZodType> {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly className: string;
  readonly kind: NoiseKind;
  readonly takesFlowSigmas?: boolean;
  readonly options?: readonly SamplerOption[];
  /** The keys of the config, with diffusers' defaults. */
  readonly schema: T;
  method(settings: z.output<T>, run: MethodRequest): SamplerMethod;
}

export interface MethodRequest {
  readonly numInferenceSteps: number;
  readonly options: SamplerOptions;
}

export function defineSampler<T extends z.ZodType>(description: SamplerDescription<T>): SamplerDefinition {
  const { name, className, kind, options = [], schema } = description;
  return Object.freeze({
    name,
    aliases: description.aliases ?? [],
    className,
    kind,
    takesFlowSigmas: description.takesFlowSigmas ?? false,
    options,
    create: (request: SamplerRequest) => {
      const settings = readSettings(schema, request.config, className);
      const checked = readSamplerOptions(request.options, name, options);
      const method = description.method(settings, { ...request, options: checked });
      return new RunningSampler(name, { ...request, options: checked }, method);
    },
  });
}
