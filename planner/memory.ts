import { gigabytes } from '../common/byte-text.js';
import { AsyncDiffError } from '../common/errors/index.js';
import type { Partition, Placement, Segment } from '../program/index.js';
import { HALF_KERNELS } from './model/index.js';
import type { CostGraph } from './search/index.js';

/** Memory that a session takes besides weights and activations: ONNX Runtime's graph, kernels and arena. */
export const SESSION_BYTES = 40e6;
/** Node, gRPC and ONNX Runtime themselves: in every part's estimate, and once in what a worker takes. */
export const PROCESS_BYTES = 150e6;
/** Memory that a session on the CPU has taken after some runs, over its largest set of live values. Measured on parts of SD 1.5: 1.1 to 1.4. */
const CPU_ARENA_FACTOR = 1.4;
/**
 * The same with ONNX Runtime's memory pattern, which sessions on other devices have: the arena keeps what the first run took piece by piece, and takes the block
 * that is planned from it besides. Measured on the CPU: 2.2 to 3.0.
 */
const PATTERN_ARENA_FACTOR = 2.7;

/** What one worker needs for its part of a plan, bytes. */
export interface PartMemory {
  readonly weights: number;
  /** The largest set of values, and of weights that are widened, that are alive at once, in the order in which the nodes stand; summed over sessions, each of which keeps its memory. */
  readonly activations: number;
  /** Sessions, what their arenas take beside the live values, and the process. */
  readonly overhead: number;
  readonly total: number;
}

/** Memory of the worker, bytes; undefined where it did not say. */
interface WorkerMemory {
  readonly id: string;
  readonly memoryBytes?: number | undefined;
}

/**
 * Memory of the part of each component, from component 1.
 *
 * @param device on `cpu` float16 values count twice: ONNX Runtime widens them to float32; weights that it widens count as they lie in the file, and widened
 *   while the node runs that reads them (see model/late-widening.ts). Packed copies of the weights of matrix products count once: the file's pages behind
 *   them are given back
 * @param isWhole The file as it came, not segments of it: its weights are widened ahead of the nodes that read them, and count as float32.
 */
export function partMemory(
  graph: CostGraph,
  sessions: Partition,
  device: string,
  isWhole = false,
): PartMemory[] {
  const isCpu = device.startsWith('cpu');
  const arenaFactor = isCpu ? CPU_ARENA_FACTOR : PATTERN_ARENA_FACTOR;
  return sessions.components.map(({ index }) => {
    const segments = sessions.segments.filter(({ component }) => component === index);
    const weights = weightBytes(graph, segments, isCpu && isWhole);
    const activations = segments.reduce(
      (sum, segment) => sum + peakBytes(graph, segment, isCpu, isCpu && !isWhole),
      0,
    );
    const arenas = (arenaFactor - 1) * activations;
    const overhead = PROCESS_BYTES + segments.length * SESSION_BYTES + Math.ceil(arenas);
    return { weights, activations, overhead, total: weights + activations + overhead };
  });
}

function weightBytes(graph: CostGraph, segments: readonly Segment[], isWidenedAhead: boolean): number {
  let bytes = 0;
  for (const { nodes } of segments) {
    const loaded = new Set<string>();
    for (const node of nodes.map((at) => graph.nodes[at])) {
      if (node === undefined) continue;
      const isHalf = node.outputs.some((name) => graph.values.get(name)?.dtype === 'float16');
      for (const name of node.weights) {
        if (loaded.has(name)) continue;
        loaded.add(name);
        bytes += (isWidenedAhead && isHalf ? 2 : 1) * (graph.weightBytes.get(name) ?? 0);
      }
    }
  }
  return bytes;
}

/** The largest sum of values that are alive at once while a segment runs: what it reads, and what was made and is still read. */
function peakBytes(graph: CostGraph, { nodes }: Segment, isCpu: boolean, isWidenedLate: boolean): number {
  const lastUse = new Map<string, number>();
  nodes.forEach((node, at) => {
    for (const name of graph.nodes[node]?.inputs ?? []) lastUse.set(name, at);
  });
  const bytesOf = (name: string): number => {
    const { bytes = 0, dtype } = graph.values.get(name) ?? {};
    return isCpu && dtype === 'float16' ? 2 * bytes : bytes;
  };
  const made = new Set(nodes.flatMap((node) => graph.nodes[node]?.outputs ?? []));
  let alive = 0;
  // What comes from outside is there from the beginning.
  for (const name of lastUse.keys()) if (!made.has(name)) alive += bytesOf(name);
  let peak = alive;
  nodes.forEach((node, at) => {
    const { inputs = [], outputs = [] } = graph.nodes[node] ?? {};
    for (const name of outputs) alive += bytesOf(name);
    peak = Math.max(peak, alive + (isWidenedLate ? widenedBytes(graph, node) : 0));
    for (const name of new Set(inputs)) if (lastUse.get(name) === at) alive -= bytesOf(name);
  });
  return peak;
}

/** Of a node that has no float16 kernel on the CPU: its float16 weights as float32. */
function widenedBytes(graph: CostGraph, at: number): number {
  const { opType = '', outputs = [], weights = [] } = graph.nodes[at] ?? {};
  if (HALF_KERNELS.has(opType) || !outputs.some((name) => graph.values.get(name)?.dtype === 'float16'))
    return 0;
  return weights.reduce((sum, name) => sum + 2 * (graph.weightBytes.get(name) ?? 0), 0);
}

/**
 * Refuses a plan whose parts do not fit the workers that they are placed on.
 *
 * @throws AsyncDiffError `partition_impossible` with what each worker needs and has, and what would fit
 */
export function checkMemory(
  parts: readonly PartMemory[],
  placement: Placement,
  workers: readonly WorkerMemory[],
): void {
  const needs = workers.map(({ id, memoryBytes }) => {
    // A worker that holds both halves of a component, where guidance is split, has it once.
    const slots = placement.flatMap((ids, slot) => (ids.includes(id) ? [slot % parts.length] : []));
    const held = parts.filter((_, at) => slots.includes(at));
    const bytes = held.reduce((sum, { total }) => sum + total - PROCESS_BYTES, PROCESS_BYTES);
    return { id, memoryBytes, bytes: held.length === 0 ? 0 : bytes };
  });
  const short = needs.filter(({ bytes, memoryBytes }) => memoryBytes !== undefined && bytes > memoryBytes);
  if (short.length === 0) return;
  const figures = needs
    .filter(({ bytes }) => bytes > 0)
    .map(
      ({ id, bytes, memoryBytes }) =>
        `${id} needs ${gigabytes(bytes)}${memoryBytes === undefined ? '' : ` of ${gigabytes(memoryBytes)}`}`,
    );
  const whole = parts.reduce((sum, { total }) => sum + total - PROCESS_BYTES, 0);
  const least = Math.min(...needs.flatMap(({ memoryBytes }) => memoryBytes ?? []));
  const count = Math.ceil(whole / Math.max(1, least - PROCESS_BYTES));
  throw new AsyncDiffError('partition_impossible', `the parts do not fit the memory: ${figures.join(', ')}`, {
    hint:
      least <= PROCESS_BYTES
        ? `Give workers more memory (worker --memory-gb): each process takes ${gigabytes(PROCESS_BYTES)} before any model.`
        : `About ${count} workers of ${gigabytes(least)} would hold it; or a smaller picture, or workers with more memory.`,
  });
}
