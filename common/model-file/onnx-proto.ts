import { join } from 'node:path';
import protobuf from 'protobufjs';
import { AsyncDiffError } from '../errors/index.js';
import { packageRoot } from '../package.js';

/** An int64 as protobufjs reads it; numbers are accepted on writing. */
type Int64 = number | { toNumber(): number; toString(): string };

/** One key and value, as ONNX writes maps. */
interface StringPair {
  key?: string;
  value?: string;
}

/** `onnx.TensorProto`. Its data is in `raw_data`, in one of the typed fields, or outside the file. */
export interface TensorProto {
  dims?: Int64[];
  data_type?: number;
  float_data?: number[];
  int32_data?: number[];
  int64_data?: Int64[];
  uint64_data?: Int64[];
  double_data?: number[];
  raw_data?: Uint8Array;
  name?: string;
  external_data?: StringPair[];
  /** 1: the data is in the file that `external_data` names. */
  data_location?: number;
}

/** `onnx.SparseTensorProto`; its name is that of `values`. */
export interface SparseTensorProto {
  values?: TensorProto | null;
  indices?: TensorProto | null;
  dims?: Int64[];
}

/** `onnx.AttributeProto`. */
export interface AttributeProto {
  name?: string;
  type?: number;
  f?: number;
  i?: Int64;
  s?: Uint8Array;
  t?: TensorProto | null;
  g?: GraphProto | null;
  floats?: number[];
  ints?: Int64[];
  strings?: Uint8Array[];
  tensors?: TensorProto[];
  graphs?: GraphProto[];
  sparse_tensor?: SparseTensorProto | null;
  sparse_tensors?: SparseTensorProto[];
}

/** `onnx.NodeProto`. An empty input or output name means that it is left out. */
export interface NodeProto {
  name?: string;
  op_type?: string;
  domain?: string;
  input?: string[];
  output?: string[];
  attribute?: AttributeProto[];
}

/** One dimension: a number, a symbol, or neither (anything). */
interface DimensionProto {
  dim_value?: Int64;
  dim_param?: string;
}

/** `onnx.ValueInfoProto` of a tensor. */
export interface ValueInfoProto {
  name?: string;
  type?: { tensor_type?: { elem_type?: number; shape?: { dim?: DimensionProto[] } | null } | null } | null;
}

/** `onnx.GraphProto`. */
export interface GraphProto {
  name?: string;
  doc_string?: string;
  node?: NodeProto[];
  initializer?: TensorProto[];
  sparse_initializer?: SparseTensorProto[];
  input?: ValueInfoProto[];
  output?: ValueInfoProto[];
  value_info?: ValueInfoProto[];
}

/** `onnx.FunctionProto`: a local function; other fields are carried along. */
interface FunctionProto {
  name?: string;
  domain?: string;
  node?: NodeProto[];
}

/** `onnx.ModelProto`. */
export interface ModelProto {
  ir_version?: Int64;
  opset_import?: { domain?: string; version?: Int64 }[];
  producer_name?: string;
  producer_version?: string;
  graph?: GraphProto | null;
  functions?: FunctionProto[];
  metadata_props?: StringPair[];
}

let schema: protobuf.Root | undefined;

// The schema is parsed once per process: it is constant, so this is a cache and no state.
function onnxType(name: 'ModelProto' | 'GraphProto' | 'TensorProto'): protobuf.Type {
  schema ??= new protobuf.Root().loadSync(join(packageRoot, 'proto', 'onnx', 'onnx.proto'), {
    keepCase: true,
  });
  return schema.lookupType(`onnx.${name}`);
}

/**
 * A model from its bytes. `raw_data` fields are views into `bytes`. The schema is that of onnx 1.23, newer than what
 * ONNX Runtime 1.30 reads, so no field that matters is unknown to it (protobufjs drops unknown ones).
 *
 * @throws AsyncDiffError `model_invalid` if the bytes are not an ONNX model.
 */
export function decodeModel(bytes: Uint8Array, label: string): ModelProto {
  let model: ModelProto;
  try {
    model = onnxType('ModelProto').decode(bytes) as unknown as ModelProto;
  } catch (error) {
    throw new AsyncDiffError('model_invalid', `${label} is not an ONNX model: ${(error as Error).message}`, {
      cause: error,
    });
  }
  // Protobuf accepts much that is no model: an empty file is one.
  if (!model.graph || (model.graph.node ?? []).length === 0 || (model.opset_import ?? []).length === 0) {
    throw new AsyncDiffError('model_invalid', `${label} is not an ONNX model: it has no graph`);
  }
  return model;
}

/** The bytes of a model. Equal models give equal bytes. */
export function encodeModel(model: ModelProto): Uint8Array {
  return onnxType('ModelProto').encode(model).finish();
}

/** The bytes of a tensor, without its field header. */
export function encodeTensor(tensor: TensorProto): Uint8Array {
  return onnxType('TensorProto').encode(tensor).finish();
}

/** An int64 as a number; graph dimensions are far below 2^53. */
export function int64(value: Int64 | undefined | null): number {
  if (value === undefined || value === null) return 0;
  return typeof value === 'number' ? value : value.toNumber();
}
