export { externalRange, resolveExternal } from './external-data.js';
export { liveNodes, orderNodes, producers, readsOf, visitTensors, writesOf } from './graph-walk.js';
export {
  hashFile,
  hashModel,
  loadModelFile,
  type ModelFile,
  modelLabel,
  type ModelPart,
} from './model-file.js';
export {
  type AttributeProto,
  decodeModel,
  encodeGraph,
  encodeModel,
  encodeTensor,
  type GraphProto,
  int64,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from './onnx-proto.js';
