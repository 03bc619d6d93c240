import {
  dtypeOf,
  loadModelFile,
  readRange,
  tensorData,
  tensorDims,
  tensorRange,
} from '../../common/model-file/index.js';
import { arrayOf, decodeFloat16, float32, type Tensor } from '../../common/tensor/index.js';

/** The only weight of a model whose name ends so, as float32; undefined where there is none or several, or one that is no float. */
export function readWeight(modelPath: string, suffix: string): Tensor | undefined {
  const { model, folder } = loadModelFile(modelPath);
  const [tensor, another] = (model.graph?.initializer ?? []).filter(({ name }) => name?.endsWith(suffix));
  if (tensor === undefined || another !== undefined) return undefined;
  const dtype = dtypeOf(tensor.data_type);
  if (dtype !== 'float32' && dtype !== 'float16') return undefined;
  const range = tensorRange(tensor, folder);
  const bytes = range === undefined ? tensorData(tensor) : readRange(range);
  if (bytes === undefined) return undefined;
  const { buffer, byteLength } = new Uint8Array(bytes);
  const data = new (arrayOf(dtype))(buffer, 0, byteLength / arrayOf(dtype).BYTES_PER_ELEMENT);
  return float32(
    dtype === 'float16' ? decodeFloat16(data as Uint16Array) : (data as Float32Array),
    tensorDims(tensor),
  );
}
