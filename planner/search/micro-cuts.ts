import type { GraphIndex } from './graph-index.js';
import { type CutPositions, type MainRange, rangesOf } from './main-range.js';
import { wireBytes, type WireForm } from './wire-form.js';

/** A boundary tensor as one component sees it: made or first read at a time of its own compute, milliseconds. */
interface Crossing {
  readonly position: number;
  readonly atMs: number;
  readonly bytes: number;
}

/** A further session must save at least this part of what one session per piece holds back. */
const WORTH = 0.02;
const EQUAL_SHARES = 12;
const MAX_PLACES = 64;

/**
 * Splits each component into at most `sessions` sessions so that session borders hold back boundary tensors least.
 *
 * A tensor leaves when the session that makes it returns, and is waited for when the session that reads it begins. What a
 * border costs is therefore bytes times the time from making to the session's end, or from the session's begin to the first
 * use; its sum is least here, by dynamic programming over the places where it can change and a few in equal shares.
 */
export function microCutRanges(
  index: GraphIndex,
  cuts: CutPositions,
  sessions: number,
  form: WireForm,
): MainRange[] {
  const pieces = rangesOf(cuts, index.mainNodes.length);
  if (sessions <= 1 || new Set(pieces.map((piece) => piece.component)).size === 1) return pieces;
  const plans = pieces.map((piece) => splitPlans(index, pieces, piece, sessions, form));
  const chosen = new Map<MainRange, readonly number[]>();
  for (const component of new Set(pieces.map((piece) => piece.component))) {
    const own = pieces.flatMap((piece, at) =>
      piece.component === component ? [{ piece, plan: plans[at]! }] : [],
    );
    // Greedy over the pieces of a U-shape: the next session goes to the piece that gains most by it.
    const counts = own.map(() => 1);
    const whole = own.reduce((sum, { plan }) => sum + plan[0]!.heldBack, 0);
    for (let total = own.length; total < sessions; total++) {
      const gains = own.map(({ plan }, at) => {
        const next = plan[counts[at]!];
        return next === undefined ? 0 : plan[counts[at]! - 1]!.heldBack - next.heldBack;
      });
      const best = gains.indexOf(Math.max(...gains));
      if (gains[best]! <= WORTH * whole) break;
      counts[best]! += 1;
    }
    for (const [at, { piece, plan }] of own.entries()) chosen.set(piece, plan[counts[at]! - 1]!.cuts);
  }
  return pieces.flatMap((piece) => {
    const edges = [piece.start, ...chosen.get(piece)!, piece.end];
    return edges.slice(1).map((end, at) => ({ component: piece.component, start: edges[at]!, end }));
  });
}

interface SplitPlan {
  readonly cuts: readonly number[];
  /** Byte-milliseconds that session borders hold boundary tensors back. */
  readonly heldBack: number;
}

/** The best split of a piece in 1, 2, ... sessions (index 0: one session). */
function splitPlans(
  index: GraphIndex,
  pieces: readonly MainRange[],
  piece: MainRange,
  sessions: number,
  form: WireForm,
): SplitPlan[] {
  const { stretches } = index;
  const { made, used } = crossings(index, pieces, piece, form);
  const places = borderPlaces(index, piece, made, used);
  const cost = (from: number, to: number): number => {
    const [start, end] = [places[from]!, places[to]!];
    let sum = 0;
    for (const { position, atMs, bytes } of made) {
      if (position >= start && position < end) sum += bytes * (stretches.beforeMs(end) - atMs);
    }
    for (const { position, atMs, bytes } of used) {
      if (position >= start && position < end) sum += bytes * (atMs - stretches.beforeMs(start));
    }
    return sum;
  };
  const last = places.length - 1;
  const table = places.map((_, from) => places.map((_, to) => (to > from ? cost(from, to) : 0)));
  let reach: (SplitPlan | undefined)[] = places.map((_, to) =>
    to > 0 ? { cuts: [], heldBack: table[0]![to]! } : undefined,
  );
  const plans = [reach[last]!];
  for (let count = 2; count <= sessions && count <= last; count++) {
    reach = places.map((_, to) => {
      let best: SplitPlan | undefined;
      for (let cut = count - 1; cut < to; cut++) {
        const before = reach[cut];
        if (before === undefined) continue;
        const heldBack = before.heldBack + table[cut]![to]!;
        if (best === undefined || heldBack < best.heldBack)
          best = { cuts: [...before.cuts, places[cut]!], heldBack };
      }
      return best;
    });
    const plan = reach[last];
    if (plan !== undefined) plans.push(plan);
  }
  return plans;
}

/** The boundary tensors that a piece makes, and those that it reads first in its component. */
function crossings(
  index: GraphIndex,
  pieces: readonly MainRange[],
  piece: MainRange,
  form: WireForm,
): { made: Crossing[]; used: Crossing[] } {
  const { stretches } = index;
  const componentAt = (position: number) =>
    pieces.find((one) => position >= one.start && position < one.end)!.component;
  const inside = (position: number) => position >= piece.start && position < piece.end;
  const made: Crossing[] = [];
  const used: Crossing[] = [];
  for (const { value, producer, users, recompute } of index.mainValues) {
    const last = users.at(-1) ?? 0;
    if (recompute !== undefined || producer >= piece.end || last < piece.start) continue;
    if (producer >= piece.start && last < piece.end) continue;
    const bytes = wireBytes(value, form);
    if (inside(producer)) {
      if (users.some((user) => !inside(user) && componentAt(user) !== piece.component)) {
        made.push({ position: producer, atMs: stretches.beforeMs(producer + 1), bytes });
      }
    } else if (componentAt(producer) !== piece.component) {
      const first = users.find((user) => componentAt(user) === piece.component);
      if (first !== undefined && inside(first))
        used.push({ position: first, atMs: stretches.beforeMs(first), bytes });
    }
  }
  return { made, used };
}

/** Where a session may end: after what is made, before what is read, and in equal shares of the time. */
function borderPlaces(
  { stretches }: GraphIndex,
  piece: MainRange,
  made: readonly Crossing[],
  used: readonly Crossing[],
): number[] {
  const byBytes = [
    ...made.map(({ position, bytes }) => ({ place: position + 1, bytes })),
    ...used.map(({ position, bytes }) => ({ place: position, bytes })),
  ].sort((a, b) => b.bytes - a.bytes);
  const places = new Set(byBytes.slice(0, MAX_PLACES).map(({ place }) => place));
  const beginMs = stretches.beforeMs(piece.start);
  const total = stretches.beforeMs(piece.end) - beginMs;
  let share = 1;
  for (let position = piece.start + 1; position < piece.end; position++) {
    if (stretches.beforeMs(position) - beginMs < (share * total) / EQUAL_SHARES) continue;
    places.add(position);
    share++;
  }
  places.delete(piece.start);
  places.delete(piece.end);
  return [piece.start, ...[...places].sort((a, b) => a - b), piece.end];
}
