export { createSampler, SAMPLERS } from './registry.js';
export type { Sampler, SamplerDefinition } from './sampler.js';
export { forLatents, parseSchedulerConfig, type SchedulerConfig } from './scheduler-config.js';
