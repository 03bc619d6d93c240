import type { CutTable, LoadFactor } from './cut-table.js';

/** A way to cut a stretch of the table, by candidate index. */
interface Chain {
  /** The inner cuts, ascending: one fewer than there are pieces. */
  readonly cuts: readonly number[];
  /** Largest load of a piece: the longest of its compute, its receiving and its sending. */
  readonly maxLoad: number;
  /** Bytes that the pieces receive. */
  readonly bytes: number;
}

/**
 * The cuts from candidate `start` to every later candidate in `factors.length` pieces. Without a `ceiling`, the largest load is least;
 * with one, the bytes are least among the cuts whose loads stay under it. Index: the end; undefined where there is none.
 */
export function balance(
  table: CutTable,
  start: number,
  factors: readonly LoadFactor[],
  ceiling: number = Number.POSITIVE_INFINITY,
): (end: number) => Chain | undefined {
  const size = table.positions.length;
  const byBytes = Number.isFinite(ceiling);
  let load = new Float64Array(size).fill(Number.POSITIVE_INFINITY);
  let bytes = new Float64Array(size).fill(Number.POSITIVE_INFINITY);
  const origin: Int32Array[] = [];
  const first = table.loads(factors[0]!);
  for (let end = start + 1; end < size; end++) {
    const own = first[start * size + end]!;
    if (own > ceiling) continue;
    load[end] = own;
    bytes[end] = table.inBytes(start, end);
  }
  for (let piece = 1; piece < factors.length; piece++) {
    const loads = table.loads(factors[piece]!);
    const nextLoad = new Float64Array(size).fill(Number.POSITIVE_INFINITY);
    const nextBytes = new Float64Array(size).fill(Number.POSITIVE_INFINITY);
    const from = new Int32Array(size).fill(-1);
    for (let cut = start + piece; cut < size - 1; cut++) {
      if (load[cut] === Number.POSITIVE_INFINITY) continue;
      for (let end = cut + 1; end < size; end++) {
        const own = loads[cut * size + end]!;
        if (own > ceiling) continue;
        const most = Math.max(load[cut]!, own);
        const carried = bytes[cut]! + table.inBytes(cut, end);
        const better = byBytes
          ? carried < nextBytes[end]! || (carried === nextBytes[end]! && most < nextLoad[end]!)
          : most < nextLoad[end]! || (most === nextLoad[end]! && carried < nextBytes[end]!);
        if (!better) continue;
        nextLoad[end] = most;
        nextBytes[end] = carried;
        from[end] = cut;
      }
    }
    origin.push(from);
    load = nextLoad;
    bytes = nextBytes;
  }
  return (end) => {
    if (load[end] === Number.POSITIVE_INFINITY) return undefined;
    const cuts: number[] = [];
    let at = end;
    for (const from of [...origin].reverse()) {
      at = from[at]!;
      cuts.push(at);
    }
    return { cuts: cuts.reverse(), maxLoad: load[end]!, bytes: bytes[end]! };
  };
}
