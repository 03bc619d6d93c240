import type { CostGraph } from './cost-graph.js';

/** What stretches of main nodes need to be looked up by; positions are those of `GraphIndex.mainNodes`. */
interface StretchSource {
  readonly graph: CostGraph;
  readonly mainNodes: readonly number[];
  /** For each node: the replicated nodes whose outputs it reads. */
  readonly replicatedInputs: readonly (readonly number[])[];
  /** For each node: the graph inputs that it reads. */
  readonly graphInputs: readonly (readonly string[])[];
}

/**
 * What any stretch of main nodes costs and reads, with the replicated nodes that it needs, each once. A search asks this of tens of thousands
 * of stretches: it is read off prefix sums, and off what a stretch's own nodes are the first to need.
 */
export class Stretches {
  readonly #graph: CostGraph;
  /** Cost of the main nodes before each position. */
  readonly #beforeMs: Float64Array;
  /** Where the entries of a position begin in the two arrays below. */
  readonly #entries: Int32Array;
  /** Replicated nodes that a position needs, also by others. */
  readonly #needed: Int32Array;
  /** For each entry: the last position before that needs the same node; -1 for none. */
  readonly #neededBefore: Int32Array;
  /** By replicated node: the positions that need it, ascending. */
  readonly #needers = new Map<number, number[]>();
  /** By graph input: how many positions before each one read it, themselves or by replicated nodes. */
  readonly #readers = new Map<string, Int32Array>();

  constructor(source: StretchSource) {
    const { graph, mainNodes, graphInputs } = source;
    this.#graph = graph;
    const count = mainNodes.length;
    this.#beforeMs = new Float64Array(count + 1);
    this.#entries = new Int32Array(count + 1);
    for (const { name } of graph.inputs) this.#readers.set(name, new Int32Array(count + 1));
    const needed: number[] = [];
    const neededBefore: number[] = [];
    for (const [position, node] of mainNodes.entries()) {
      this.#beforeMs[position + 1] = this.#beforeMs[position]! + graph.nodes[node]!.costMs;
      const reads = new Set(graphInputs[node]);
      for (const replicated of behind(source, node)) {
        const needers = this.#needers.get(replicated) ?? [];
        this.#needers.set(replicated, needers);
        needed.push(replicated);
        neededBefore.push(needers.at(-1) ?? -1);
        needers.push(position);
        for (const name of graphInputs[replicated]!) reads.add(name);
      }
      this.#entries[position + 1] = needed.length;
      for (const [name, counts] of this.#readers)
        counts[position + 1] = counts[position]! + (reads.has(name) ? 1 : 0);
    }
    this.#needed = Int32Array.from(needed);
    this.#neededBefore = Int32Array.from(neededBefore);
  }

  /** Cost of the main nodes before a position, milliseconds. */
  beforeMs(position: number): number {
    return this.#beforeMs[position]!;
  }

  /** Cost of the main nodes from `start` up to `end` and of the replicated nodes that they need, milliseconds. */
  costMs(start: number, end: number): number {
    return this.#beforeMs[end]! - this.#beforeMs[start]! + this.replicatedMs(start, start, end);
  }

  /** Cost of the replicated nodes that positions from `from` up to `end` need and none from `start` up to `from` does. */
  replicatedMs(start: number, from: number, end: number): number {
    const { nodes } = this.#graph;
    let sum = 0;
    for (let at = this.#entries[from]!; at < this.#entries[end]!; at++)
      if (this.#neededBefore[at]! < start) sum += nodes[this.#needed[at]!]!.costMs;
    return sum;
  }

  /** The replicated nodes that a stretch needs, each once, in the order in which they are first needed. */
  replicated(start: number, end: number): number[] {
    const found: number[] = [];
    for (let at = this.#entries[start]!; at < this.#entries[end]!; at++)
      if (this.#neededBefore[at]! < start) found.push(this.#needed[at]!);
    return found;
  }

  /** Whether a stretch needs a replicated node. */
  needs(node: number, start: number, end: number): boolean {
    const needers = this.#needers.get(node) ?? [];
    let [low, high] = [0, needers.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (needers[middle]! < start) low = middle + 1;
      else high = middle;
    }
    return low < needers.length && needers[low]! < end;
  }

  /** Whether a stretch reads a graph input, itself or by the replicated nodes that it needs. */
  reads(input: string, start: number, end: number): boolean {
    const counts = this.#readers.get(input);
    return counts !== undefined && counts[end]! > counts[start]!;
  }
}

/** The replicated nodes behind a node. */
export function behind(
  { replicatedInputs }: Pick<StretchSource, 'replicatedInputs'>,
  node: number,
): Set<number> {
  const seen = new Set<number>();
  const stack = [...replicatedInputs[node]!];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    stack.push(...replicatedInputs[next]!);
  }
  return seen;
}
