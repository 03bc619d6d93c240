import type { GraphIndex } from './graph-index.js';
import type { MainValue } from './main-value.js';
import { wireBytes, type WireForm } from './wire-form.js';

/** How long a round keeps the worker of one component busy: device time per millisecond of cost, and link time per byte. */
export interface LoadFactor {
  readonly compute: number;
  readonly msPerByte: number;
}

/** Candidate cuts with what the pieces between them cost, for the search. A piece is the stretch between candidates i and j. */
export class CutTable {
  /** Candidate positions, ascending; the first is 0 and the last the number of main nodes. */
  readonly positions: readonly number[];
  readonly #size: number;
  readonly #computeMs: Float64Array;
  readonly #inBytes: Float64Array;
  readonly #outBytes: Float64Array;
  readonly #loads = new Map<string, Float64Array>();

  /** @param fill gives the costs of the pieces from candidate i to each candidate behind it */
  constructor(positions: readonly number[], fill: (i: number, add: AddPiece) => void) {
    const size = positions.length;
    this.positions = positions;
    this.#size = size;
    this.#computeMs = new Float64Array(size * size);
    this.#inBytes = new Float64Array(size * size);
    this.#outBytes = new Float64Array(size * size);
    for (let i = 0; i < size; i++) {
      fill(i, (j, computeMs, inBytes, outBytes) => {
        this.#computeMs[i * size + j] = computeMs;
        this.#inBytes[i * size + j] = inBytes;
        this.#outBytes[i * size + j] = outBytes;
      });
    }
  }

  /** Its main nodes and the replicated nodes that they need, milliseconds. */
  computeMs(i: number, j: number): number {
    return this.#computeMs[i * this.#size + j]!;
  }

  /** Wire bytes of the values that are made before it and read in it. */
  inBytes(i: number, j: number): number {
    return this.#inBytes[i * this.#size + j]!;
  }

  /** Wire bytes of the values that are made in it and read after it. */
  outBytes(i: number, j: number): number {
    return this.#outBytes[i * this.#size + j]!;
  }

  /** The load of every piece, at `i * positions.length + j`: the longest of its compute, its receiving and its sending. */
  loads({ compute, msPerByte }: LoadFactor): Float64Array {
    const key = `${compute} ${msPerByte}`;
    const known = this.#loads.get(key);
    if (known !== undefined) return known;
    const loads = this.#computeMs.map((ms, at) =>
      Math.max(ms * compute, this.#inBytes[at]! * msPerByte, this.#outBytes[at]! * msPerByte),
    );
    this.#loads.set(key, loads);
    return loads;
  }
}

type AddPiece = (j: number, computeMs: number, inBytes: number, outBytes: number) => void;

/** What sending it to another component takes: nothing where that makes it from the latents. */
function sentBytes({ value, recompute }: MainValue, form: WireForm): number {
  return recompute === undefined ? wireBytes(value, form) : 0;
}

/** Wire bytes that cross each position 0..mainCount: made before it, read at or after it. */
function crossingBytesAt(index: GraphIndex, form: WireForm): Float64Array {
  const count = index.mainNodes.length;
  const crossing = new Float64Array(count + 2);
  for (const main of index.mainValues) {
    const { producer, users } = main;
    const lastUser = users.at(-1);
    if (lastUser === undefined) continue;
    const bytes = sentBytes(main, form);
    crossing[producer + 1]! += bytes;
    crossing[lastUser + 1]! -= bytes;
  }
  for (let position = 1; position <= count; position++) crossing[position]! += crossing[position - 1]!;
  return crossing;
}

/**
 * Up to about `limit` candidates: main nodes in equal shares of the cost, and in each share the position that the fewest
 * bytes cross. All positions where there are no more than `limit`.
 */
export function buildCutTable(index: GraphIndex, form: WireForm, limit: number): CutTable {
  const crossing = crossingBytesAt(index, form);
  const positions = choosePositions(index, crossing, limit);
  const bytesOf = index.mainValues.map((main) => sentBytes(main, form));
  return new CutTable(positions, (i, add) => addPiecesFrom(index, bytesOf, positions, i, add));
}

function choosePositions(index: GraphIndex, crossing: Float64Array, limit: number): number[] {
  const count = index.mainNodes.length;
  if (count <= limit) return Array.from({ length: count + 1 }, (_, position) => position);
  // Half by cost, half by count, so that a graph whose cost sits in a few nodes still has cuts between the others.
  const total = index.stretches.beforeMs(count);
  const cheapest = new Map<number, number>();
  for (let position = 1; position < count; position++) {
    const byCost = total > 0 ? index.stretches.beforeMs(position) / total : 0;
    const share = Math.floor((limit / 2) * byCost) + Math.floor((limit / 2) * (position / count));
    const known = cheapest.get(share);
    if (known === undefined || crossing[position]! <= crossing[known]!) cheapest.set(share, position);
  }
  return [0, ...[...cheapest.values()].sort((a, b) => a - b), count];
}

/** The pieces from candidate i to each one behind it. */
function addPiecesFrom(
  { mainNodes, mainValues, stretches }: GraphIndex,
  bytesOf: readonly number[],
  positions: readonly number[],
  i: number,
  add: AddPiece,
): void {
  const start = positions[i]!;
  // Bytes by the position at which they begin or cease to count, so that one sweep over the ends sums them.
  const enters = new Float64Array(mainNodes.length);
  const leaves = new Float64Array(mainNodes.length + 1);
  for (const [at, { producer, users }] of mainValues.entries()) {
    const last = users.at(-1);
    if (last === undefined || last < start) continue;
    if (producer < start) {
      enters[users.find((user) => user >= start)!]! += bytesOf[at]!;
    } else {
      leaves[producer]! += bytesOf[at]!;
      leaves[last]! -= bytesOf[at]!;
    }
  }
  let [replicatedMs, inBytes, outBytes] = [0, 0, 0];
  let position = start;
  for (let j = i; j < positions.length; j++) {
    const end = positions[j]!;
    replicatedMs += stretches.replicatedMs(start, position, end);
    for (; position < end; position++) {
      inBytes += enters[position]!;
      outBytes += leaves[position]!;
    }
    add(j, stretches.beforeMs(end) - stretches.beforeMs(start) + replicatedMs, inBytes, outBytes);
  }
}
