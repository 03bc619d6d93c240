import type { SegmentSpec } from '../execution/index.js';
import type { ValueSpec } from '../common/tensor/index.js';
import type { CostGraph, Evaluated } from './search/index.js';
import type { Partition, Segment } from '../program/index.js';

/** A segment's session as it was exported; without one (a declared device) inputs and outputs follow from the graph. */
interface ExportedSegment {
  readonly segmentId: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly inputs: readonly ValueSpec[];
  readonly outputs: readonly ValueSpec[];
}

/** What executors need to know of every segment of a partition. */
export function segmentSpecs(
  graph: CostGraph,
  { partition, sessions }: Pick<Evaluated, 'partition' | 'sessions'>,
  exported: readonly ExportedSegment[] | undefined,
): SegmentSpec[] {
  const models = new Map(exported?.map((segment) => [segment.segmentId, segment]));
  const ofSession = new Map(sessions.segments.map((segment) => [segment.id, segment]));
  return partition.segments.map((segment) => {
    const model = models.get(segment.session);
    const session = ofSession.get(segment.session) as Segment;
    return {
      id: segment.id,
      component: segment.component,
      index: segment.index,
      session: segment.session,
      microBatch: segment.microBatch,
      microBatches: partition.microBatches,
      sha256: model?.sha256 ?? '',
      sizeBytes: model?.sizeBytes ?? segment.weightBytes,
      inputs: model?.inputs ?? declaredInputs(graph, sessions, session),
      outputs: model?.outputs ?? declaredOutputs(graph, sessions, session),
      sampleInput: segment.readsSample ? partition.sampleInput : '',
      timestepInput: segment.readsTimestep ? partition.timestepInput : '',
      conditioning: segment.conditioning,
      localReads: segment.localReads,
      boundaryReads: segment.boundaryReads,
      localWrites: segment.localWrites,
      boundaryWrites: segment.boundaryWrites,
      output: segment.writesOutput && segment.item === undefined ? partition.output : '',
      ...(segment.item === undefined ? {} : { item: segment.item }),
      declaredMs: model === undefined ? segment.costMs : 0,
    };
  });
}

function declaredInputs(graph: CostGraph, partition: Partition, segment: Segment): ValueSpec[] {
  const names = [
    ...(segment.readsSample ? [partition.sampleInput] : []),
    ...(segment.readsTimestep ? [partition.timestepInput] : []),
    ...segment.conditioning,
    ...segment.localReads,
  ];
  return [
    ...names.map((name) => graphValue(graph, name)),
    ...segment.boundaryReads.map((name) => boundaryValue(partition, name)),
  ];
}

function declaredOutputs(graph: CostGraph, partition: Partition, segment: Segment): ValueSpec[] {
  const names = [...segment.localWrites, ...(segment.writesOutput ? [partition.output] : [])];
  return [
    ...names.map((name) => graphValue(graph, name)),
    ...segment.boundaryWrites.map((name) => boundaryValue(partition, name)),
  ];
}

function graphValue(graph: CostGraph, name: string): ValueSpec {
  const value = graph.values.get(name);
  return { name, dtype: value?.dtype ?? 'float32', dims: value?.dims ?? [] };
}

function boundaryValue(partition: Partition, name: string): ValueSpec {
  const tensor = partition.boundaryTensors.find((boundary) => boundary.name === name);
  return { name, dtype: tensor?.dtype ?? 'float32', dims: tensor?.dims ?? [] };
}
