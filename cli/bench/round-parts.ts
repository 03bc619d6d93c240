import { z } from 'zod';

const traceSchema = z.object({
  traceEvents: z.array(
    z.looseObject({
      name: z.string(),
      cat: z.string(),
      ph: z.string(),
      ts: z.number(),
      dur: z.number().optional(),
      pid: z.number(),
      args: z.looseObject({ round: z.number().optional(), size_bytes: z.number().optional() }),
    }),
  ),
});

/** Where an asynchronous round's time goes, milliseconds per round, as measured. */
export interface RoundParts {
  /** Compute of the busiest worker. */
  readonly computeMs: number;
  /** That worker's waits for boundary tensors and latents. */
  readonly waitMs: number;
  /** What of its round is neither: hops between threads, calls into ONNX Runtime. */
  readonly otherMs: number;
  /** The sampler's steps. */
  readonly samplerMs: number;
  /** Of the worker that sends longest: laying out and writing frames. */
  readonly serializeMs: number;
  /** Mean of one boundary tensor, from leaving its producer's session to being usable at its consumer. */
  readonly transferMs: number;
  /** Boundary tensors that arrived in a round. */
  readonly transfers: number;
  /** Bytes of those. */
  readonly transferBytes: number;
}

/**
 * Reads them off a merged trace. Counts full asynchronous rounds, the first left out: it waits for nothing.
 * Undefined where the trace has fewer than two such rounds.
 */
export function roundParts(trace: string): RoundParts | undefined {
  const { traceEvents } = traceSchema.parse(JSON.parse(trace));
  const spans = traceEvents.filter(({ ph }) => ph === 'X');
  // The last round may be a shorter one.
  const lastRound = Math.max(0, ...spans.map(({ args }) => args.round ?? 0));
  const counted = spans.filter(({ args }) => (args.round ?? 0) > 1 && (args.round ?? 0) < lastRound);
  const rounds = new Set(counted.map(({ args }) => args.round)).size;
  if (rounds < 2) return undefined;
  const perRound = (category: string, pid?: number): number =>
    counted
      .filter((span) => span.cat === category && (pid === undefined || span.pid === pid))
      .reduce((sum, { dur = 0 }) => sum + dur, 0) /
    1000 /
    rounds;
  const workers = [...new Set(counted.filter(({ cat }) => cat === 'compute').map(({ pid }) => pid))];
  const computeMs = workers.map((pid) => perRound('compute', pid));
  const busiest = workers[computeMs.indexOf(Math.max(...computeMs))] as number;
  const ends = counted
    .filter(({ cat, pid }) => cat === 'compute' && pid === busiest)
    .map(({ ts, dur = 0, args }) => ({ round: args.round as number, endMs: (ts + dur) / 1000 }));
  const roundEnd = (round: number): number =>
    Math.max(...ends.filter((end) => end.round === round).map(({ endMs }) => endMs));
  const periodMs = (roundEnd(lastRound - 1) - roundEnd(2)) / Math.max(1, lastRound - 3);
  const busyMs = Math.max(...computeMs);
  const waitMs = perRound('wait', busiest);
  const arrived = counted.filter(({ cat }) => cat === 'transfer');
  const transfers = arrived.length;
  const bytes = arrived.reduce((sum, { args }) => sum + (args.size_bytes ?? 0), 0);
  return {
    computeMs: busyMs,
    waitMs,
    otherMs: Math.max(0, periodMs - busyMs - waitMs),
    samplerMs: perRound('sampler'),
    serializeMs: Math.max(0, ...workers.map((pid) => perRound('serialize', pid))),
    transferMs: transfers === 0 ? 0 : (perRound('transfer') * rounds) / transfers,
    transfers: transfers / rounds,
    transferBytes: bytes / rounds,
  };
}

/** Several traces in one document, one after another; processes are named after their configuration. */
export function joinTraces(traces: readonly { readonly name: string; readonly trace: string }[]): string {
  const GAP_US = 100_000;
  const PIDS = 1_000;
  let startUs = 0;
  const events = traces.flatMap(({ name, trace }, index) => {
    const { traceEvents } = traceSchema.parse(JSON.parse(trace));
    const endUs = Math.max(0, ...traceEvents.map(({ ts, dur = 0 }) => ts + dur));
    const own = traceEvents.map((event) => {
      const pid = event.pid + index * PIDS;
      if (event.ph === 'X') return { ...event, pid, ts: event.ts + startUs };
      const label = event.args['name'];
      return event.name === 'process_name'
        ? { ...event, pid, args: { name: `${name}: ${String(label)}` } }
        : { ...event, pid };
    });
    startUs += endUs + GAP_US;
    return own;
  });
  return JSON.stringify({ displayTimeUnit: 'ms', traceEvents: events });
}
