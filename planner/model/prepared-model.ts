import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { touchKeptSync } from '../../common/kept-files.js';
import { makeFolderSync } from '../../common/make-folder.js';
import { findRuntime } from '../../common/runtime-package.js';
import {
  decodeModel,
  dtypeOf,
  encodeModel,
  int64,
  type TensorProto,
  type ValueInfoProto,
} from '../../common/model-file/index.js';
import { writeWholeSync } from '../../common/write-whole.js';
import type { CostGraph } from '../search/index.js';
import type { FoldedSkeleton } from './fold-constants.js';
import type { Skeleton } from './skeleton.js';
import { valueInfo } from './static-shapes.js';

/** A model that is ready to be cut: static shapes, costs, and a graph that segments are taken from. Its weights stay where they are. */
export interface PreparedModel {
  /** What was found, and where it is kept: the same for the same graph, small tensors and shapes, whatever the weights hold. */
  readonly key: string;
  /** What the partition is made from; its inputs are the model's, at their static shapes. */
  readonly graph: CostGraph;
  /** Operators that the cost model does not know. */
  readonly unknownOperators: readonly string[];
  readonly folded: FoldedSkeleton;
  /** Names of the inputs besides latents and timestep, in the model's order. */
  readonly conditioningInputs: readonly string[];
  /** Version of the default operator set. */
  readonly opset: number;
  /** Nodes of the model as it came. */
  readonly originalNodeCount: number;
  /** Whether folding it was spared: it was found on disk. */
  readonly fromCache: boolean;
}

/** Raised when the meaning of a stored file changes: older ones are then made again. */
const PREPARED_FORMAT = 5;
const HASH_BYTES = 32;

/** Key of what folding a skeleton gives. */
export function preparedKey(skeleton: Skeleton): string {
  return createHash('sha256')
    .update(JSON.stringify([PREPARED_FORMAT, findRuntime()?.version, [...skeleton.declaredDims]]))
    .update(encodeSkeleton(skeleton, []))
    .digest('hex')
    .slice(0, 32);
}

/** Writes a folded skeleton, whole or not at all, behind its SHA-256. */
export function writePrepared(folder: string, key: string, { skeleton, values }: FoldedSkeleton): void {
  const info = [...values].map(([name, { dtype, dims }]) => valueInfo({ name, dtype, dims }));
  const bytes = encodeSkeleton(skeleton, info);
  makeFolderSync(folder);
  writeWholeSync(fileOf(folder, key), Buffer.concat([createHash('sha256').update(bytes).digest(), bytes]));
}

/**
 * A folded skeleton from disk, with the weights of `start`, which it was made from; undefined if there is none, or if what is there is not
 * what was written.
 */
export function readPrepared(folder: string, key: string, start: Skeleton): FoldedSkeleton | undefined {
  let file: Buffer;
  try {
    file = readFileSync(fileOf(folder, key));
  } catch {
    return undefined;
  }
  const bytes = file.subarray(HASH_BYTES);
  if (!createHash('sha256').update(bytes).digest().equals(file.subarray(0, HASH_BYTES))) return undefined;
  touchKeptSync(fileOf(folder, key));
  const { graph, ...rest } = decodeModel(bytes, key);
  const stored = graph?.initializer ?? [];
  const named = (isWeight: boolean): [string, TensorProto][] =>
    stored.filter(isExternal(isWeight)).map((tensor) => [tensor.name ?? '', tensor]);
  const weights = new Map(
    named(true).flatMap(([name]) => {
      const tensor = start.weights.get(name);
      return tensor === undefined ? [] : [[name, tensor] as const];
    }),
  );
  return {
    skeleton: {
      ...start,
      rest: { ...start.rest, ...rest, functions: start.rest.functions ?? [] },
      nodes: graph?.node ?? [],
      constants: new Map(named(false)),
      volatile: new Set((graph?.input ?? []).flatMap(({ name }) => name ?? [])),
      weights,
      sparse: graph?.sparse_initializer ?? [],
      shapeReads: new Set(JSON.parse(graph?.doc_string || '[]') as string[]),
    },
    values: new Map((graph?.value_info ?? []).flatMap(readValue)),
  };
}

function isExternal(wanted: boolean): (tensor: TensorProto) => boolean {
  return (tensor) => (tensor.data_location === 1) === wanted;
}

function readValue(
  info: ValueInfoProto,
): [string, { dtype: NonNullable<ReturnType<typeof dtypeOf>>; dims: number[] }][] {
  const tensor = info.type?.tensor_type;
  const dtype = dtypeOf(tensor?.elem_type);
  if (dtype === undefined) return [];
  return [[info.name ?? '', { dtype, dims: (tensor?.shape?.dim ?? []).map((dim) => int64(dim.dim_value)) }]];
}

/** Everything but where the weights lie. */
function encodeSkeleton(skeleton: Skeleton, values: readonly ValueInfoProto[]): Uint8Array {
  const { rest, nodes, constants, volatile, weights, sparse, inputs, outputs, shapeReads } = skeleton;
  const placeless = [...weights.values()].map(
    ({ name, dims, data_type: type }): TensorProto => ({
      name: name ?? '',
      dims: dims ?? [],
      data_type: type ?? 0,
      data_location: 1,
    }),
  );
  return encodeModel({
    ...rest,
    graph: {
      name: 'prepared',
      doc_string: JSON.stringify([...shapeReads]),
      node: [...nodes],
      initializer: [...constants.values(), ...placeless],
      sparse_initializer: sparse,
      input: [...inputs.map(valueInfo), ...[...volatile].map((name) => ({ name }))],
      output: outputs.map((name) => ({ name })),
      value_info: [...values],
    },
  });
}

function fileOf(folder: string, key: string): string {
  return join(folder, `${key}.graph`);
}
