export { ContentIndex, type FileState, fileState, type HashOptions } from './content-index.js';
export { contentsOf, namedByContent, placeTensors, visitModel } from './content-tensor.js';
export { dtypeOf, isFloat, onnxTypeOf } from './data-type.js';
export type { FileRange } from './file-range.js';
export {
  liveNodes,
  orderNodes,
  producers,
  readsOf,
  subgraphs,
  visitTensors,
  writesOf,
} from './graph-walk.js';
export { hashModel } from './hash-model.js';
export { loadModelFile, type ModelFile, modelLabel, tensorRange } from './model-file.js';
export {
  type AttributeProto,
  decodeModel,
  encodeModel,
  type GraphProto,
  int64,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from './onnx-proto.js';
export { readRange, storedBytes, tensorData, tensorDims, withData } from './tensor-data.js';
export { tag, varintBytes } from './proto-window.js';
