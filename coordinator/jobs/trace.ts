import type { Span } from '../../execution/index.js';
import type { DenoiseRun } from './denoise-run.js';

interface TraceEvent {
  readonly name: string;
  readonly cat: string;
  readonly ph: 'X' | 'M';
  readonly ts: number;
  readonly dur?: number;
  readonly pid: number;
  readonly tid: number;
  readonly args: Readonly<Record<string, unknown>>;
}

const LANES: Readonly<Record<Span['category'], { tid: number; name: string }>> = Object.freeze({
  compute: { tid: 1, name: 'device' },
  wait: { tid: 1, name: 'device' },
  serialize: { tid: 2, name: 'send' },
  transfer: { tid: 3, name: 'receive' },
  sampler: { tid: 1, name: 'sampler' },
});

/**
 * One timeline of all hosts in the Chrome Trace Event format (opens in Perfetto): a process per worker, with what its
 * device computed and waited for, what it sent and what it received. Clocks are aligned by the offsets measured with pings.
 */
export function mergeTrace(run: DenoiseRun): string {
  const offsets = new Map(
    run.workers.map(({ workerId }) => [workerId, run.deployment.worker(workerId)?.clock.offsetMs ?? 0]),
  );
  const events: TraceEvent[] = [];
  const all: { pid: number; span: Span; startMs: number; endMs: number }[] = [];
  for (const span of run.samplerSpans)
    all.push({ pid: 0, span, startMs: span.startMs, endMs: span.startMs + span.durationMs });
  for (const [index, { workerId, spans }] of run.workers.entries()) {
    const ownMs = offsets.get(workerId) ?? 0;
    for (const span of spans) {
      // A transfer begins on its producer's clock and ends on its receiver's.
      const beginMs = span.category === 'transfer' ? (offsets.get(span.peer ?? '') ?? 0) : ownMs;
      all.push({
        pid: index + 1,
        span,
        startMs: span.startMs - beginMs,
        endMs: span.startMs + span.durationMs - ownMs,
      });
    }
  }
  const originMs = all.reduce((first, { startMs }) => Math.min(first, startMs), Number.POSITIVE_INFINITY);
  const lanes = new Map<string, TraceEvent>();
  const name = (pid: number, tid: number, what: string, text: string): void => {
    lanes.set(`${pid}/${tid}/${what}`, {
      name: what,
      cat: '__metadata',
      ph: 'M',
      ts: 0,
      pid,
      tid,
      args: { name: text },
    });
  };
  name(0, 0, 'process_name', 'coordinator');
  for (const [index, { workerId }] of run.workers.entries())
    name(index + 1, 0, 'process_name', `worker ${workerId}`);
  for (const { pid, span, startMs, endMs } of all) {
    const lane = LANES[span.category];
    name(pid, lane.tid, 'thread_name', lane.name);
    events.push({
      name: span.name,
      cat: span.category,
      ph: 'X',
      ts: (startMs - originMs) * 1000,
      dur: Math.max(0, endMs - startMs) * 1000,
      pid,
      tid: lane.tid,
      args: {
        round: span.round,
        component: span.component,
        size_bytes: span.sizeBytes ?? 0,
        peer: span.peer ?? '',
      },
    });
  }
  events.sort((a, b) => a.ts - b.ts);
  return JSON.stringify({
    displayTimeUnit: 'ms',
    otherData: {
      clock_offset_ms: Object.fromEntries(offsets),
      declared: run.deployment.plan.declared,
      plan_id: run.deployment.planId,
    },
    traceEvents: [...lanes.values(), ...events],
  });
}
