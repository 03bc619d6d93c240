export type { InferenceEvent, InferenceReport } from './inference-messages.js';
export { Inference } from './inference.js';
export type { PartThreadCalls, PartThreadSettings } from './part-messages.js';
export { sumBytes, Traffic } from './traffic.js';
