export type { InferenceEvent, InferenceReport } from './inference-messages.js';
export { Inference } from './inference.js';
