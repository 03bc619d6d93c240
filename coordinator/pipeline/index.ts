export type { NoiseDraws, PipelineCall, PipelineDescription, PredictorJob, VideoShape } from './kit/index.js';
export { GivenDraws, type ModelFolder } from './kit/index.js';
export { estimateParts, type PartEstimate } from './estimate-parts.js';
export { openModelFolder } from './model-folder.js';
export { type BegunCall, Pipeline } from './pipeline.js';
export { planSubject } from './plan-subject.js';
export { allPipelines, diffusersClass, findPipeline } from './registry.js';
export { Tokenizer } from './tokenizer.js';
export type { PartRequest, PartRunner } from './part-runner.js';
