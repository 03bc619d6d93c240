export { type Calibration, type CalibrateOptions, calibrate, scaleCosts } from './calibrate.js';
export { type NodeRange, type SessionTime, toRanges } from './session-time.js';
