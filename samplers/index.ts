export type { SamplerDefinition } from './definition.js';
export { keepRegion, type KeptRegion } from './kept-region.js';
export { GivenNoise, type NoiseSeed, type NoiseSource, SeededNoise } from './noise.js';
export { checkStandIn, createSampler, findSampler, SAMPLERS } from './registry.js';
export { isFlow, type Sampler, samplerTraits } from './sampler.js';
export { parseSamplerOptions, type SamplerOptions } from './sampler-options.js';
export {
  forLatents,
  formatSchedulerConfig,
  parseSchedulerConfig,
  type SchedulerConfig,
} from './scheduler-config.js';
