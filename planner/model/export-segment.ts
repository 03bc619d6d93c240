import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { AsyncDiffError } from '../../common/errors/index.js';
import { makeFolderSync } from '../../common/make-folder.js';
import {
  contentsOf,
  dtypeOf,
  encodeModel,
  type ModelProto,
  type NodeProto,
  readsOf,
  tensorDims,
  type TensorProto,
  writesOf,
} from '../../common/model-file/index.js';
import type { ValueSpec } from '../../common/tensor/index.js';
import type { BoundaryTensor, Partition, Segment } from '../../program/index.js';
import { constantNodesOf, exportSource, type ExportSource } from './export-source.js';
import type { ModelTensors } from './model-tensors.js';
import type { PreparedModel } from './prepared-model.js';
import { widenedLate } from './late-widening.js';
import { shapeReaders } from './shape-readers.js';
import { type Carried, givingNodes, localValue, retyped, takingNodes } from './session-casts.js';
import { valueInfo } from './static-shapes.js';
import { writeWholeSync } from '../../common/write-whole.js';

/** A segment as a model of its own: a small graph that names its tensors by content. */
export interface SegmentArtifact {
  readonly segmentId: string;
  /** The graph's file. External data of a tensor is at `t/<SHA-256 of its bytes>`, whole. */
  readonly path: string;
  /** SHA-256 of the file, hex: its content address, and by the tensors' names that of the whole segment. */
  readonly sha256: string;
  readonly sizeBytes: number;
  /** SHA-256 of the tensors that it reads, each once. */
  readonly tensors: readonly string[];
  /** What the session takes: latents, timestep, conditioning, local reads, boundary tensors, in this order. */
  readonly inputs: readonly ValueSpec[];
  /** What the session gives: local writes, boundary tensors, the noise prediction, in this order. */
  readonly outputs: readonly ValueSpec[];
}

/**
 * Writes each segment of a partition as an ONNX graph of its own, named by its content address. The same prepared model, tensors and segment
 * always give the same bytes. No weight is copied.
 *
 * A value that is of another type between sessions than in the model is cast at their ends (see session-casts.ts), so that a session takes and
 * gives what travels.
 */
export function exportSegments(
  prepared: Pick<PreparedModel, 'graph' | 'folded'>,
  tensors: ModelTensors,
  partition: Partition,
  outDir: string,
  widensHalf = false,
): SegmentArtifact[] {
  const source = exportSource(prepared, tensors);
  makeFolderSync(outDir);
  return partition.segments.map((segment) => {
    const { model, inputs, outputs } = buildSegment(source, partition, segment, widensHalf);
    const bytes = encodeModel(model);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const path = join(outDir, `${sha256}.onnx`);
    // Written anew where it is there already: what lies there may be damaged.
    writeWholeSync(path, bytes);
    const { id: segmentId } = segment;
    return { segmentId, path, sha256, sizeBytes: bytes.length, tensors: contentsOf(model), inputs, outputs };
  });
}

interface SegmentModel {
  readonly model: ModelProto;
  readonly inputs: readonly ValueSpec[];
  readonly outputs: readonly ValueSpec[];
}

/** What a segment reads and writes, as its session takes and gives it. */
class SegmentValues {
  readonly #graph: PreparedModel['graph'];
  readonly #partition: Partition;
  readonly #segment: Segment;
  readonly #boundary: ReadonlyMap<string, BoundaryTensor>;

  constructor(graph: PreparedModel['graph'], partition: Partition, segment: Segment) {
    this.#graph = graph;
    this.#partition = partition;
    this.#segment = segment;
    this.#boundary = new Map(partition.boundaryTensors.map((tensor) => [tensor.name, tensor]));
  }

  /** A value of the model, as it is there. */
  spec(name: string): ValueSpec {
    const value = this.#graph.values.get(name);
    if (!value) throw new AsyncDiffError('internal', `segment ${this.#segment.id}: no value ${name}`);
    return { name, dtype: value.dtype, dims: value.dims };
  }

  inputs(): ValueSpec[] {
    const { readsSample, readsTimestep, conditioning, item, localReads, boundaryReads } = this.#segment;
    const { sampleInput, timestepInput } = this.#partition;
    return unique([
      ...(readsSample ? [this.spec(sampleInput)] : []),
      ...(readsTimestep ? [this.spec(timestepInput)] : []),
      ...conditioning.map((name) => this.spec(name)),
      ...(item?.inputs ?? []).map((name) => this.spec(name)),
      ...(item?.states ?? []).map(({ input }) => this.spec(input)),
      ...localReads.map((name) => this.#local(name)),
      ...boundaryReads.map((name) => this.#onWire(name)),
    ]);
  }

  outputs(): ValueSpec[] {
    const { localWrites, boundaryWrites, writesOutput, item } = this.#segment;
    return unique([
      ...localWrites.map((name) => this.#local(name)),
      ...boundaryWrites.map((name) => this.#onWire(name)),
      ...(writesOutput ? [this.spec(this.#partition.output)] : []),
      ...(item?.outputs ?? []).map((name) => this.spec(name)),
    ]);
  }

  /** What comes from other sessions. */
  carriedIn(): Carried[] {
    return this.#carried(this.#segment.boundaryReads, this.#segment.localReads);
  }

  /** What goes to other sessions. */
  carriedOut(): Carried[] {
    return this.#carried(this.#segment.boundaryWrites, this.#segment.localWrites);
  }

  #carried(boundary: readonly string[], local: readonly string[]): Carried[] {
    return [
      ...boundary.map((name) => this.#boundaryTensor(name)),
      ...local.map((name) => ({ ...this.#local(name), value: localValue(this.#graph, name) })),
    ];
  }

  #boundaryTensor(name: string): BoundaryTensor {
    const tensor = this.#boundary.get(name);
    if (tensor) return tensor;
    throw new AsyncDiffError('internal', `segment ${this.#segment.id}: no boundary tensor ${name}`);
  }

  #onWire(name: string): ValueSpec {
    const { dtype, dims } = this.#boundaryTensor(name);
    return { name, dtype, dims };
  }

  #local(name: string): ValueSpec {
    const value = this.spec(localValue(this.#graph, name));
    return value.name === name ? value : { ...value, name, dtype: 'float32' };
  }
}

function buildSegment(
  source: ExportSource,
  partition: Partition,
  segment: Segment,
  widensHalf: boolean,
): SegmentModel {
  const { prepared, rest } = source;
  const values = new SegmentValues(prepared.graph, partition, segment);
  const own = segment.nodes.flatMap((index) => source.nodes[index] ?? []);
  const constant = constantNodesOf(source, own);
  const read = new Set([...constant, ...own].flatMap(readsOf));
  const weights = [...source.stored].flatMap(([name, tensor]) => (read.has(name) ? [tensor] : []));

  const inside = new Set(segment.nodes);
  const [inputs, outputs] = [values.inputs(), values.outputs()];
  const readers = shapeReaders(source, own);
  const late = widensHalf ? widenedLate(source, constant, own) : undefined;
  const node = [
    ...(late?.casts ?? []),
    ...constant,
    ...retyped(values.carriedIn()).flatMap((one) =>
      takingNodes(one, values.spec(one.value).dtype, source.rounding().isMadeWidened(one.value)),
    ),
    ...(late?.own ?? own),
    ...readers.nodes,
    ...retyped(values.carriedOut()).flatMap((one) =>
      givingNodes(one, source.rounding().isReadWidened(one.value, inside)),
    ),
  ];
  const sparse = prepared.folded.skeleton.sparse.filter((tensor) => read.has(tensor.values?.name ?? ''));
  const initializer = [...weights, ...readers.constants, ...(late?.constants ?? [])];
  const given = [...inputs, ...initializer, ...sparse.map((tensor) => tensor.values ?? {})];
  checkComplete(segment, new Set(given.map(({ name }) => name ?? '')), node, outputs);
  const model: ModelProto = {
    ...rest,
    producer_name: 'asyncdiff',
    producer_version: '',
    graph: {
      name: segment.id,
      node,
      initializer,
      sparse_initializer: sparse,
      input: [
        ...inputs.map(valueInfo),
        ...weights.flatMap((tensor) => overridable(source, tensor, late?.weights)),
      ],
      output: outputs.map(valueInfo),
    },
  };
  return { model, inputs, outputs };
}

/** What follows from an open dimension is listed as an input too: an initializer that ONNX Runtime does not take for a constant. */
function overridable(
  { prepared }: ExportSource,
  tensor: TensorProto,
  late: ReadonlySet<string> = new Set(),
): ReturnType<typeof valueInfo>[] {
  const dtype = dtypeOf(tensor.data_type);
  const { name = '' } = tensor;
  if (dtype === undefined || !(prepared.folded.skeleton.volatile.has(name) || late.has(name))) return [];
  return [valueInfo({ name, dtype, dims: tensorDims(tensor) })];
}

function unique(specs: readonly ValueSpec[]): ValueSpec[] {
  return [...new Map(specs.map((spec) => [spec.name, spec])).values()];
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
