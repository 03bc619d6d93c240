export type { NoiseKind, SamplerDefinition } from './definition.js';
export { keepRegion, type KeptRegion } from './kept-region.js';
export type { Level } from './level.js';
export { GivenNoise, type NoiseSeed, type NoiseSource, SeededNoise } from './noise.js';
export {
  checkStandIn,
  createSampler,
  findSampler,
  SAMPLERS,
  type SamplerChoice,
  samplersFor,
} from './registry.js';
export {
  isFlow,
  type LookAhead,
  type LookAheadRun,
  type Sampler,
  type SamplerTraits,
  samplerTraits,
  type StepOutputs,
} from './sampler.js';
export {
  parseSamplerOptions,
  readSamplerOptions,
  type SamplerOption,
  type SamplerOptions,
} from './sampler-options.js';
export {
  forLatents,
  formatSchedulerConfig,
  parseSchedulerConfig,
  type SchedulerConfig,
} from './scheduler-config.js';
