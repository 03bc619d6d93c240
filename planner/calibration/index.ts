export { calibrate, scaleCosts } from './calibrate.js';
export { type SessionTime, toRanges } from './session-time.js';
