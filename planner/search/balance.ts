import type { CutTable } from './cut-table.js';

/** How long a round keeps the worker of one component busy: device time per millisecond of cost, and link time per byte. */
export interface LoadFactor {
  readonly compute: number;
  readonly msPerByte: number;
}

/** A way to cut a stretch of the table, by candidate index. */
export interface Chain {
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
  for (let end = start + 1; end < size; end++) {
    const own = pieceLoad(table, start, end, factors[0]!);
    if (own > ceiling) continue;
    load[end] = own;
    bytes[end] = table.piece(start, end).inBytes;
  }
  for (let piece = 1; piece < factors.length; piece++) {
    const factor = factors[piece]!;
    const nextLoad = new Float64Array(size).fill(Number.POSITIVE_INFINITY);
    const nextBytes = new Float64Array(size).fill(Number.POSITIVE_INFINITY);
    const from = new Int32Array(size).fill(-1);
    for (let cut = start + piece; cut < size - 1; cut++) {
      if (load[cut] === Number.POSITIVE_INFINITY) continue;
      for (let end = cut + 1; end < size; end++) {
        const own = pieceLoad(table, cut, end, factor);
        if (own > ceiling) continue;
        const most = Math.max(load[cut]!, own);
        const carried = bytes[cut]! + table.piece(cut, end).inBytes;
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

/** The load of the piece between candidates i and j. */
export function pieceLoad(table: CutTable, i: number, j: number, factor: LoadFactor): number {
  const { computeMs, inBytes, outBytes } = table.piece(i, j);
  return Math.max(computeMs * factor.compute, inBytes * factor.msPerByte, outBytes * factor.msPerByte);
}
