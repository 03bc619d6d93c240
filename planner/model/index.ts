export { adaptPredictor, loadAdapted, type PredictorAdaptation } from './adapt.js';
export { hostCopyOf, speedOf } from './device-speed.js';
export { exportSegments, type SegmentArtifact } from './export-segment.js';
export { exportWhole, type WholeModel } from './export-whole.js';
export {
  type DeclaredValue,
  describeJoint,
  describePredictor,
  type JointDescription,
  type JointPair,
  type PredictorDescription,
} from './inputs.js';
export { HALF_KERNELS } from './half-rounding.js';
export type { SinglePassUse } from './graph-roles.js';
export { CONTROL_FIRST, CONTROL_LAST, controlInput } from './merge-control.js';
export { ModelTensors, tensorRanges } from './model-tensors.js';
export { nearest } from './near-names.js';
export { describeInputs, describeModel, prepareModel } from './prepare.js';
export type { PreparedModel } from './prepared-model.js';
export { profileInputs } from './profile-inputs.js';
export { readWeight } from './read-weight.js';
export { checkInput, type InputShapes, resolveShapes } from './static-shapes.js';
