export { exportSegments, type SegmentArtifact, type SegmentSource } from './export-segment.js';
export type { ValueSpec } from '../common/tensor/index.js';
export { type DeclaredValue, describePredictor, type PredictorDescription } from './inputs.js';
export { hashFile, hashModel, loadModelFile, type ModelFile, type ModelPart } from './model-file.js';
export {
  type AttributeProto,
  decodeModel,
  encodeModel,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from './onnx-proto.js';
export { type OptimizationLevel, SAME_BITS_CONFIG } from './ort.js';
export { describeModel, type PrepareOptions, prepareModel } from './prepare.js';
export { type PreparedModel, readPrepared } from './prepared-model.js';
export type { ProfileSettings } from './profile.js';
export { profileInputs } from './profile-inputs.js';
export { checkInput, type InputShapes, resolveShapes } from './static-shapes.js';
