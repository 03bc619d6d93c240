export { createSampler, SAMPLERS } from './registry.js';
export type { Sampler, SamplerDefinition } from './sampler.js';
export {
  forLatents,
  formatSchedulerConfig,
  parseSchedulerConfig,
  type SchedulerConfig,
} from './scheduler-config.js';
