export type { InferenceEvent, InferenceReport } from './inference-messages.js';
export { fromWire, Inference } from './inference.js';
