import { expect, it } from 'vitest';
import { joinTraces, roundParts } from '../../../cli/bench/index.js';

/** Two workers, six rounds of 10 ms: the first computes 8 ms and waits 1, the second computes 4. */
function trace(): string {
  const events = [];
  for (let round = -1; round <= 6; round++) {
    const ts = (round + 1) * 10_000;
    const span = (pid: number, cat: string, at: number, dur: number, size = 0) =>
      events.push({
        name: cat,
        cat,
        ph: 'X',
        ts: ts + at,
        dur,
        pid,
        tid: 1,
        args: { round, size_bytes: size },
      });
    span(1, 'wait', 0, 1_000);
    span(1, 'compute', 1_000, 8_000);
    span(2, 'compute', 0, 4_000);
    span(2, 'transfer', 0, 2_000, 500);
    span(2, 'transfer', 0, 4_000, 1_500);
    span(1, 'serialize', 0, 300);
    span(0, 'sampler', 9_000, 200);
  }
  const head = { cat: '__metadata', ph: 'M', ts: 0, tid: 0 };
  events.push({ ...head, name: 'process_name', pid: 1, args: { name: 'worker a' } });
  return JSON.stringify({ traceEvents: events });
}

it('says where a steady round goes', () => {
  const parts = roundParts(trace());
  expect(parts).toMatchObject({ transfers: 2, transferBytes: 2_000 });
  const ms = [
    parts?.computeMs,
    parts?.waitMs,
    parts?.otherMs,
    parts?.samplerMs,
    parts?.serializeMs,
    parts?.transferMs,
  ];
  for (const [index, expected] of [8, 1, 1, 0.2, 0.3, 3].entries())
    expect(ms[index]).toBeCloseTo(expected, 9);
});

it('says nothing of a run without asynchronous rounds', () => {
  expect(roundParts(JSON.stringify({ traceEvents: [] }))).toBeUndefined();
});

it('joins traces one after another, each process under its configuration', () => {
  const joined = JSON.parse(
    joinTraces([
      { name: 'n1s1', trace: trace() },
      { name: 'n2s1', trace: trace() },
    ]),
  ) as { traceEvents: { name: string; pid: number; ts: number; tid: number; args: { name?: string } }[] };
  const names = joined.traceEvents.flatMap(({ name, args }) => (name === 'process_name' ? [args.name] : []));
  expect(names).toEqual(['n1s1: worker a', 'n2s1: worker a']);
  const second = joined.traceEvents.filter(({ pid, name }) => pid >= 1_000 && name !== 'process_name');
  const firstEnd = Math.max(...joined.traceEvents.filter(({ pid }) => pid < 1_000).map(({ ts }) => ts));
  expect(Math.min(...second.map(({ ts }) => ts))).toBeGreaterThan(firstEnd);
  expect(second.every(({ tid }) => tid === 1)).toBe(true);
});
