import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AsyncDiffError } from '../../common/errors/index.js';
import type { BoundaryTensor, Partition, Segment } from '../../program/index.js';
import { onnxTypeOf } from './data-type.js';
import { readsOf, writesOf } from '../../common/model-file/index.js';
import {
  decodeModel,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from '../../common/model-file/index.js';
import type { PreparedModel } from './prepared-model.js';
import { isWeightCast } from './restore-weights.js';
import type { ValueSpec } from '../../common/tensor/index.js';
import { valueInfo } from './static-shapes.js';
import { storedBytes } from './tensor-data.js';
import { writeModel } from './write-model.js';

/** A segment as a model of its own. */
export interface SegmentArtifact {
  readonly segmentId: string;
  /** The model file: its weights are in it. */
  readonly path: string;
  /** SHA-256 of the file, hex: its content address. */
  readonly sha256: string;
  readonly sizeBytes: number;
  /** What the session takes: latents, timestep, conditioning, local reads, boundary tensors, in this order. */
  readonly inputs: readonly ValueSpec[];
  /** What the session gives: local writes, boundary tensors, the noise prediction, in this order. */
  readonly outputs: readonly ValueSpec[];
}

/** What segments are made from: a prepared model, or as much of one as is there before its costs are known. */
export type SegmentSource = Pick<PreparedModel, 'graph' | 'folder' | 'foldedModelPath'>;

/** Weights of one segment that still fit in one protobuf message (2 GB) with its graph. */
const MAX_SEGMENT_WEIGHT_BYTES = 1.9e9;

/**
 * Writes each segment of a partition as an ONNX model with only its nodes and weights, named by its content address.
 * The same prepared model and segment always give the same bytes. Weights are copied from file to file.
 *
 * A boundary tensor that is narrower on the wire than the value it carries is cast in the producer and back in the consumer, so
 * that a session takes and gives what travels.
 *
 * @throws AsyncDiffError `partition_impossible` if a segment has more than 1.9 GB of weights (an ONNX file holds 2 GB).
 */
export async function exportSegments(
  prepared: SegmentSource,
  partition: Partition,
  outDir: string,
): Promise<SegmentArtifact[]> {
  const folded = readFolded(prepared);
  mkdirSync(outDir, { recursive: true });
  const artifacts = partition.segments.map((segment) => {
    const { model, weights, inputs, outputs } = buildSegment(prepared, folded, partition, segment);
    const temporaryPath = join(outDir, `${segment.id}.${randomUUID()}.tmp`);
    const nameOf = (sha256: string): string => join(outDir, `${sha256}.onnx`);
    const written = writeModel(model, weights, prepared.folder, temporaryPath, nameOf);
    return { segmentId: segment.id, ...written, inputs, outputs };
  });
  return artifacts;
}

/** The folded model, taken apart. */
interface FoldedGraph {
  readonly model: ModelProto;
  /** In the order of `CostGraph.nodes`. */
  readonly nodes: readonly NodeProto[];
  /** Casts of stored weights, by what they write. */
  readonly casts: ReadonlyMap<string, NodeProto>;
  readonly weights: ReadonlyMap<string, TensorProto>;
}

function readFolded(prepared: SegmentSource): FoldedGraph {
  const model = decodeModel(readFileSync(prepared.foldedModelPath), prepared.foldedModelPath);
  const weights = new Map((model.graph?.initializer ?? []).map((tensor) => [tensor.name ?? '', tensor]));
  const names = new Set(weights.keys());
  const casts = new Map<string, NodeProto>();
  const nodes: NodeProto[] = [];
  for (const node of model.graph?.node ?? []) {
    if (isWeightCast(node, names)) casts.set(node.output?.[0] ?? '', node);
    else nodes.push(node);
  }
  if (nodes.length !== prepared.graph.nodes.length) {
    throw new AsyncDiffError('internal', `${prepared.foldedModelPath} is not the graph that was profiled`);
  }
  return { model, nodes, casts, weights };
}

interface SegmentModel {
  /** Without its weights. */
  readonly model: ModelProto;
  readonly weights: readonly TensorProto[];
  readonly inputs: readonly ValueSpec[];
  readonly outputs: readonly ValueSpec[];
}

function buildSegment(
  prepared: SegmentSource,
  folded: FoldedGraph,
  partition: Partition,
  segment: Segment,
): SegmentModel {
  const boundary = new Map(partition.boundaryTensors.map((tensor) => [tensor.name, tensor]));
  const tensorOf = (name: string): BoundaryTensor => {
    const tensor = boundary.get(name);
    if (!tensor) throw new AsyncDiffError('internal', `segment ${segment.id}: no boundary tensor ${name}`);
    return tensor;
  };
  const valueSpec = (name: string): ValueSpec => {
    const value = prepared.graph.values.get(name);
    if (!value) throw new AsyncDiffError('internal', `segment ${segment.id}: no value ${name}`);
    return { name, dtype: value.dtype, dims: value.dims };
  };
  const wireSpec = (name: string): ValueSpec => {
    const { dtype, dims } = tensorOf(name);
    return { name, dtype, dims };
  };

  const widen = segment.boundaryReads.map(tensorOf).filter((tensor) => tensor.name !== tensor.value);
  const narrow = segment.boundaryWrites.map(tensorOf).filter((tensor) => tensor.name !== tensor.value);
  const own = segment.nodes.flatMap((index) => folded.nodes[index] ?? []);
  const { casts, weights } = weightsOf(folded, own);
  checkSize(segment, weights);

  const inputs = unique([
    ...(segment.readsSample ? [valueSpec(partition.sampleInput)] : []),
    ...(segment.readsTimestep ? [valueSpec(partition.timestepInput)] : []),
    ...segment.conditioning.map(valueSpec),
    ...segment.localReads.map(valueSpec),
    ...segment.boundaryReads.map(wireSpec),
  ]);
  const outputs = unique([
    ...segment.localWrites.map(valueSpec),
    ...segment.boundaryWrites.map(wireSpec),
    ...(segment.writesOutput ? [valueSpec(partition.output)] : []),
  ]);
  const node = [
    ...casts,
    ...widen.map((tensor) => castNode(tensor.name, tensor.value, valueSpec(tensor.value).dtype)),
    ...own,
    ...narrow.map((tensor) => castNode(tensor.value, tensor.name, tensor.dtype)),
  ];
  const { graph, ...rest } = folded.model;
  const read = new Set(own.flatMap(readsOf));
  const sparse = (graph?.sparse_initializer ?? []).filter((tensor) => read.has(tensor.values?.name ?? ''));
  const given = [...inputs, ...weights, ...sparse.map((tensor) => tensor.values ?? {})];
  checkComplete(segment, new Set(given.map(({ name }) => name ?? '')), node, outputs);
  const model: ModelProto = {
    ...rest,
    producer_name: 'asyncdiff',
    producer_version: '',
    graph: {
      name: segment.id,
      node,
      sparse_initializer: sparse,
      input: inputs.map(valueInfo),
      output: outputs.map(valueInfo),
    },
  };
  return { model, weights, inputs, outputs };
}

/** The stored weights that nodes read, in the order of the folded model, and the casts between. */
function weightsOf(
  folded: FoldedGraph,
  nodes: readonly NodeProto[],
): { casts: NodeProto[]; weights: TensorProto[] } {
  const read = new Set(nodes.flatMap(readsOf));
  const casts = [...folded.casts].flatMap(([name, cast]) => (read.has(name) ? [cast] : []));
  for (const cast of casts) read.add(cast.input?.[0] ?? '');
  return {
    casts,
    weights: [...folded.weights].flatMap(([name, tensor]) => (read.has(name) ? [tensor] : [])),
  };
}

function castNode(from: string, to: string, dtype: ValueSpec['dtype']): NodeProto {
  return {
    name: `asyncdiff_wire/${to}`,
    op_type: 'Cast',
    input: [from],
    output: [to],
    // 2: an integer attribute.
    attribute: [{ name: 'to', type: 2, i: onnxTypeOf(dtype) }],
  };
}

function unique(specs: readonly ValueSpec[]): ValueSpec[] {
  return [...new Map(specs.map((spec) => [spec.name, spec])).values()];
}

function checkSize(segment: Segment, weights: readonly TensorProto[]): void {
  const bytes = weights.reduce((sum, tensor) => sum + storedBytes(tensor), 0);
  if (bytes <= MAX_SEGMENT_WEIGHT_BYTES) return;
  throw new AsyncDiffError(
    'partition_impossible',
    `segment ${segment.id} has ${(bytes / 1e9).toFixed(1)} GB of weights; one ONNX file holds at most 2 GB`,
    { hint: 'Ask for more components (--components), or more sessions in each (--micro-cuts).' },
  );
}

/** A partition that leaves something unread would fail on a worker, far from the cause. */
function checkComplete(
  segment: Segment,
  given: ReadonlySet<string>,
  nodes: readonly NodeProto[],
  outputs: readonly ValueSpec[],
): void {
  const known = new Set(given);
  const need = (name: string, who: string): void => {
    if (!known.has(name)) {
      throw new AsyncDiffError(
        'internal',
        `segment ${segment.id}: ${who} needs ${name}, which it does not have`,
      );
    }
  };
  for (const node of nodes) {
    for (const name of readsOf(node)) need(name, node.name ?? '');
    for (const name of writesOf(node)) known.add(name);
  }
  for (const { name } of outputs) need(name, 'its caller');
}
