import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { INLINE_WEIGHT_BYTES } from './fold.js';
import { visitTensors } from '../../common/model-file/index.js';
import { encodeModel, type ModelProto, type TensorProto } from '../../common/model-file/index.js';
import type { RestoredWeights } from './restore-weights.js';
import { readTensorData } from './tensor-data.js';

/** Names of the files of a prepared model. */
export const PACKED_GRAPH = 'graph.onnx';
export const PACKED_WEIGHTS = 'weights.bin';

/** ONNX asks for page-aligned external data where it may be memory-mapped. */
const ALIGN_BYTES = 4096;
/** Node writes at most 2 GB - 1 at once. */
const MAX_WRITE_BYTES = 1 << 30;

/**
 * Writes a folded model as `graph.onnx` with its weights in `weights.bin`: a whole model of its own, which no longer
 * needs the original. One weight at a time is in memory.
 */
export function packModel(
  model: ModelProto,
  foldedFolder: string,
  stored: RestoredWeights,
  folder: string,
): void {
  const file = openSync(join(folder, PACKED_WEIGHTS), 'w');
  let offset = 0;
  const initializer: TensorProto[] = [];
  try {
    for (const { tensor, folder: source } of stored.weights) {
      const data = readTensorData(tensor, source);
      if (data === undefined || data.length < INLINE_WEIGHT_BYTES) {
        initializer.push(data === undefined ? tensor : inlineWeight(tensor, data));
        continue;
      }
      offset = Math.ceil(offset / ALIGN_BYTES) * ALIGN_BYTES;
      for (let done = 0; done < data.length; ) {
        done += writeSync(file, data, done, Math.min(data.length - done, MAX_WRITE_BYTES), offset + done);
      }
      initializer.push(externalWeight(tensor, offset, data.length));
      offset += data.length;
    }
  } finally {
    closeSync(file);
  }
  const node = [...stored.casts, ...(model.graph?.node ?? [])];
  // Weights inside subgraphs stay where they are, but not in the folder of the fold.
  visitTensors({ node }, (tensor) => {
    const data = tensor.data_location === 1 ? readTensorData(tensor, foldedFolder) : undefined;
    if (data) Object.assign(tensor, inlineWeight(tensor, data), { data_location: 0, external_data: [] });
  });
  const graph = { ...model.graph, node, initializer };
  writeFileSync(join(folder, PACKED_GRAPH), encodeModel({ ...model, graph }));
}

/** A weight with its bytes in the model file. */
export function inlineWeight(tensor: TensorProto, data: Uint8Array): TensorProto {
  return {
    name: tensor.name ?? '',
    data_type: tensor.data_type ?? 0,
    dims: tensor.dims ?? [],
    raw_data: data,
  };
}

function externalWeight(tensor: TensorProto, offsetBytes: number, lengthBytes: number): TensorProto {
  return {
    name: tensor.name ?? '',
    data_type: tensor.data_type ?? 0,
    dims: tensor.dims ?? [],
    data_location: 1,
    external_data: [
      { key: 'location', value: PACKED_WEIGHTS },
      { key: 'offset', value: String(offsetBytes) },
      { key: 'length', value: String(lengthBytes) },
    ],
  };
}
