import { balance } from './balance.js';
import { buildCutTable, type CutTable, type LoadFactor } from './cut-table.js';
import type { GraphIndex } from './graph-index.js';
import type { CutPositions } from './main-range.js';
import { loadFactors, type SearchOptions } from './search-options.js';

/** How much more than the best balance a cut may cost in exchange for fewer bytes: one family of candidates for each. */
const SLACK: readonly number[] = [1.005, 1.02, 1.05, 1.1, 1.2, 1.4];
const MAX_SEQUENTIAL_POSITIONS = 192;
/** For N = 2, N = 3 and more: the table of all heads by all middles grows with its square, then with its cube. */
const U_SHAPED_POSITIONS: readonly number[] = [320, 128, 96];
/** Beyond this the table of all heads by all tails takes too long, and heads and tails are too small to matter. */
const U_SHAPED_MAX_COMPONENTS = 16;
const MAX_U_SHAPED = 6;

/** Cuts worth an exact evaluation: the best balance, and those with fewest bytes at several degrees of imbalance. */
export function candidateCuts(index: GraphIndex, options: SearchOptions): CutPositions[] {
  const { components, shape } = options;
  if (components === 1) return [{ shape: 'sequential', positions: [] }];
  const factors = loadFactors(options);
  const found: CutPositions[] = [];
  const uShaped =
    components < index.mainNodes.length && (shape === 'u-shaped' || components <= U_SHAPED_MAX_COMPONENTS);
  if (shape !== 'u-shaped' || !uShaped) {
    const limit = Math.max(MAX_SEQUENTIAL_POSITIONS, 3 * components);
    found.push(...sequentialCuts(buildCutTable(index, options.form, limit), factors));
  }
  if (shape !== 'sequential' && uShaped) {
    const limit = Math.max(U_SHAPED_POSITIONS[Math.min(components - 2, 2)]!, 3 * components);
    found.push(...uShapedCuts(buildCutTable(index, options.form, limit), factors));
  }
  const distinct = new Map(found.map((cuts) => [`${cuts.shape} ${cuts.positions.join(' ')}`, cuts]));
  return [...distinct.values()];
}

function sequentialCuts(table: CutTable, factors: readonly LoadFactor[]): CutPositions[] {
  const end = table.positions.length - 1;
  const best = balance(table, 0, factors)(end);
  if (best === undefined) return [];
  const chains = [best, ...SLACK.map((slack) => balance(table, 0, factors, best.maxLoad * slack)(end))];
  return chains.flatMap((chain) =>
    chain === undefined
      ? []
      : [{ shape: 'sequential' as const, positions: chain.cuts.map((cut) => table.positions[cut]!) }],
  );
}

interface UShape {
  readonly cuts: readonly number[];
  readonly maxLoad: number;
  readonly bytes: number;
}

function uShapedCuts(table: CutTable, factors: readonly LoadFactor[]): CutPositions[] {
  const best = uShapes(table, factors, Number.POSITIVE_INFINITY).sort(
    (a, b) => a.maxLoad - b.maxLoad || a.bytes - b.bytes,
  );
  const least = best[0];
  if (least === undefined) return [];
  const kept = best.slice(0, MAX_U_SHAPED);
  for (const slack of SLACK) {
    const thrifty = uShapes(table, factors, least.maxLoad * slack).sort(
      (a, b) => a.bytes - b.bytes || a.maxLoad - b.maxLoad,
    );
    kept.push(...thrifty.slice(0, 2));
  }
  return kept.map(({ cuts }) => ({
    shape: 'u-shaped' as const,
    positions: cuts.map((cut) => table.positions[cut]!),
  }));
}

/** For each end of the head: the best way to cut the rest into the middle's pieces and a tail. */
function uShapes(table: CutTable, factors: readonly LoadFactor[], ceiling: number): UShape[] {
  const last = table.positions.length - 1;
  const middle = factors.slice(0, -1);
  const outer = factors.at(-1)!;
  const byBytes = Number.isFinite(ceiling);
  const shapes: UShape[] = [];
  for (let head = 1; head < last - middle.length; head++) {
    if (table.computeMs(0, head) * outer.compute > ceiling) break;
    const chainTo = balance(table, head, middle, ceiling);
    let best: UShape | undefined;
    for (let tail = head + middle.length; tail < last; tail++) {
      const chain = chainTo(tail);
      if (chain === undefined) continue;
      const ownMs = table.computeMs(0, head) + table.computeMs(tail, last);
      // What the middle as a whole receives and sends is what the head sends and the tail receives.
      const maxLoad = Math.max(
        chain.maxLoad,
        ownMs * outer.compute,
        table.inBytes(head, tail) * outer.msPerByte,
        table.outBytes(head, tail) * outer.msPerByte,
      );
      if (maxLoad > ceiling) continue;
      const bytes = chain.bytes + table.outBytes(head, tail);
      const better =
        best === undefined ||
        (byBytes
          ? bytes < best.bytes
          : maxLoad < best.maxLoad || (maxLoad === best.maxLoad && bytes < best.bytes));
      if (better) best = { cuts: [head, ...chain.cuts, tail], maxLoad, bytes };
    }
    if (best !== undefined) shapes.push(best);
  }
  return shapes;
}
