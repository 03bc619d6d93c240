/** What computes here and when: devices, ONNX Runtime, the clock. It needs no sampler: a worker's network thread loads this alone. */
export {
  type DeviceSpec,
  keepsValues,
  memoryOptions,
  parseDevice,
  providerHint,
  providerOption,
} from './device.js';
export { probeDevice } from './probe-device.js';
export {
  checkCancelled,
  loadOrt,
  openSession,
  type OptimizationLevel,
  requireRuntime,
  SAME_BITS_CONFIG,
} from './ort.js';
export { ROUND_REPORTS, type RoundReport } from './round-report.js';
export { clockMs, JobTiming, type Span, SPAN_CATEGORIES } from './timing.js';
