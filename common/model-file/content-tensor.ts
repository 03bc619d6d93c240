import { parse, relative, sep } from 'node:path';
import { AsyncDiffError } from '../errors/index.js';
import { externalRange } from './external-data.js';
import type { FileRange } from './file-range.js';
import { visitTensors } from './graph-walk.js';
import type { ModelProto, TensorProto } from './onnx-proto.js';

/** External data whose location is this folder and a SHA-256 is named by its content. */
const FOLDER = 't';
const LOCATION = /^t\/([0-9a-f]{64})$/;

/** A tensor whose data is named by its content: external data at `t/<sha256>`. */
export function namedByContent(tensor: TensorProto, sha256: string, lengthBytes: number): TensorProto {
  return {
    name: tensor.name ?? '',
    data_type: tensor.data_type ?? 0,
    dims: tensor.dims ?? [],
    data_location: 1,
    external_data: [
      { key: 'location', value: `${FOLDER}/${sha256}` },
      { key: 'length', value: String(lengthBytes) },
    ],
  };
}

/** Calls `visit` for every tensor of a model, its branches and local functions. */
export function visitModel(model: ModelProto, visit: (tensor: TensorProto) => void): void {
  if (model.graph) visitTensors(model.graph, visit);
  for (const { node = [] } of model.functions ?? []) visitTensors({ node }, visit);
}

/** SHA-256 of every tensor that a model names by content, each once, in order of first mention. */
export function contentsOf(model: ModelProto): string[] {
  const found = new Set<string>();
  visitModel(model, (tensor) => {
    const sha256 = LOCATION.exec(externalRange(tensor)?.location ?? '')?.[1];
    if (sha256 !== undefined) found.add(sha256);
  });
  return [...found];
}

/**
 * Points a model's tensors to where their data lies, in place.
 *
 * @param rangeOf Absolute place of a tensor's data, by its SHA-256.
 * @returns The folder that the locations are relative to: the root of the file system.
 * @throws AsyncDiffError `model_invalid` for external data that is not named by content, `worker_failed` for a tensor that is not there.
 */
export function placeTensors(model: ModelProto, rangeOf: (sha256: string) => FileRange | undefined): string {
  const roots = new Set<string>();
  visitModel(model, (tensor) => {
    const external = externalRange(tensor);
    if (external === undefined) return;
    const sha256 = LOCATION.exec(external.location)?.[1];
    if (sha256 === undefined) {
      throw new AsyncDiffError(
        'model_invalid',
        `tensor ${tensor.name ?? ''} of a segment is at ${JSON.stringify(external.location)}: it must be named by its content`,
      );
    }
    const range = rangeOf(sha256);
    if (range === undefined)
      throw new AsyncDiffError(
        'worker_failed',
        `tensor ${sha256.slice(0, 12)} (${tensor.name ?? ''}) is not here`,
      );
    const { root } = parse(range.path);
    roots.add(root);
    tensor.external_data = [
      { key: 'location', value: relative(root, range.path).split(sep).join('/') },
      { key: 'offset', value: String(range.offsetBytes) },
      { key: 'length', value: String(range.lengthBytes) },
    ];
  });
  if (roots.size > 1) {
    throw new AsyncDiffError(
      'worker_failed',
      `the tensors of one segment lie on several drives (${[...roots].join(', ')}): ONNX Runtime opens those of one`,
      { hint: 'Put the cache (--cache) on the drive that the model is on.' },
    );
  }
  return [...roots][0] ?? parse(process.cwd()).root;
}
