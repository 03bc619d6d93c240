export { adaptPredictor, type AppendedInput, type PredictorAdaptation } from './adapt.js';
export { exportSegments, type SegmentArtifact, type SegmentSource } from './export-segment.js';
export { type DeclaredValue, describePredictor, type PredictorDescription } from './inputs.js';
export { nearest } from './near-names.js';
export { describeInputs, describeModel, prepareModel, type PrepareOptions } from './prepare.js';
export { type PreparedModel, readPrepared } from './prepared-model.js';
export { profileInputs } from './profile-inputs.js';
export type { ProfileSettings } from './profile.js';
export { checkInput, type InputShapes, resolveShapes } from './static-shapes.js';
