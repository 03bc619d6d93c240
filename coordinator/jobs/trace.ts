import type { Span, WorkerExecution } from '../../execution/index.js';
import type { Deployment } from '../deployment/index.js';
import type { Phase } from './phases.js';
import { layOnTracks } from './tracks.js';

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

/** Where a span is shown: what one thread does one after another has one track, what a network does at a time has several. */
type Lane = 'job' | 'device' | 'send' | 'receive';

const LANES: Readonly<Record<Span['category'], Lane>> = Object.freeze({
  compute: 'device',
  wait: 'device',
  sampler: 'device',
  serialize: 'send',
  transfer: 'receive',
});

/** Room for the tracks of one lane among the thread ids of a process. */
const TRACKS_PER_LANE = 100;
const LANE_ORDER: readonly Lane[] = ['job', 'device', 'send', 'receive'];

interface Placed {
  readonly pid: number;
  readonly lane: Lane;
  readonly name: string;
  readonly category: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly args: Readonly<Record<string, unknown>>;
}

/** What ran by one plan, as far as a timeline shows it. */
export interface TracedRun {
  readonly deployment: Deployment;
  readonly workers: readonly WorkerExecution[];
  /** Of the coordinator's own sampler. */
  readonly samplerSpans: readonly Span[];
}

/** A worker's part of all runs, by its id. */
interface TracedWorker {
  readonly workerId: string;
  /** Of its clock, milliseconds ahead of the coordinator's. */
  readonly offsetMs: number;
}

/**
 * One timeline of all hosts in the Chrome Trace Event format (opens in Perfetto): the coordinator with the parts of the job, and a
 * process per worker, with what its device computed and waited for, what it sent and what it received. Clocks are aligned by the
 * offsets measured with pings. No two events of a track overlap. Runs by several plans (the predictors of Wan 2.2 one after another, the shapes
 * of a list) stand one behind the other; each event then says which, from 1.
 */
export function mergeTrace(runs: readonly TracedRun[], phases: readonly Phase[]): string {
  const workers = tracedWorkers(runs);
  const placed = [...phases.map(ofPhase), ...runs.flatMap((_, at) => ofRun(runs, at, workers))];
  const originMs = placed.reduce((first, { startMs }) => Math.min(first, startMs), Number.POSITIVE_INFINITY);
  const named = new Map<string, TraceEvent>();
  const name = (pid: number, tid: number, what: string, text: string): void => {
    named.set(`${pid}/${tid}/${what}`, {
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
  for (const [index, { workerId }] of workers.entries())
    name(index + 1, 0, 'process_name', `worker ${workerId}`);
  const events: TraceEvent[] = [];
  for (let pid = 0; pid <= workers.length; pid++) {
    for (const [at, lane] of LANE_ORDER.entries()) {
      const own = placed.filter((each) => each.pid === pid && each.lane === lane);
      const tracks = layOnTracks(own);
      for (const [index, { name: text, category, startMs, endMs, args }] of own.entries()) {
        const track = tracks[index] as number;
        const tid = at * TRACKS_PER_LANE + track + 1;
        name(pid, tid, 'thread_name', track === 0 ? lane : `${lane} ${track + 1}`);
        const ts = (startMs - originMs) * 1000;
        events.push({
          name: text,
          cat: category,
          ph: 'X',
          ts,
          dur: (endMs - startMs) * 1000,
          pid,
          tid,
          args,
        });
      }
    }
  }
  events.sort((a, b) => a.ts - b.ts);
  return JSON.stringify({
    displayTimeUnit: 'ms',
    otherData: {
      clock_offset_ms: Object.fromEntries(workers.map(({ workerId, offsetMs }) => [workerId, offsetMs])),
      declared: runs.some(({ deployment }) => deployment.plan.declared),
      plan_id: [...new Set(runs.map(({ deployment }) => deployment.planId))].join(' '),
    },
    traceEvents: [...named.values(), ...events],
  });
}

function ofPhase({ name, startMs, durationMs }: Phase): Placed {
  return { pid: 0, lane: 'job', name, category: 'job', startMs, endMs: startMs + durationMs, args: {} };
}

/** Everyone who had a part in one of the runs, in the order of their first one. */
function tracedWorkers(runs: readonly TracedRun[]): readonly TracedWorker[] {
  const found = new Map<string, TracedWorker>();
  for (const { workers, deployment } of runs)
    for (const { workerId } of workers)
      if (!found.has(workerId))
        found.set(workerId, { workerId, offsetMs: deployment.worker(workerId)?.clock.offsetMs ?? 0 });
  return [...found.values()];
}

function ofRun(runs: readonly TracedRun[], at: number, known: readonly TracedWorker[]): Placed[] {
  const run = runs[at] as TracedRun;
  const which = runs.length === 1 ? {} : { run: at + 1 };
  const offsets = new Map(known.map(({ workerId, offsetMs }) => [workerId, offsetMs]));
  const place = (pid: number, span: Span, beginMs: number, ownMs: number): Placed => {
    const startMs = span.startMs - beginMs;
    return {
      pid,
      lane: LANES[span.category],
      name: span.name,
      category: span.category,
      startMs,
      // Clocks that are not quite aligned may have a tensor arrive before it left.
      endMs: Math.max(startMs, span.startMs + span.durationMs - ownMs),
      args: {
        round: span.round,
        component: span.component,
        size_bytes: span.sizeBytes ?? 0,
        peer: span.peer ?? '',
        ...which,
      },
    };
  };
  const own = run.samplerSpans.map((span) => place(0, span, 0, 0));
  const workers = run.workers.flatMap(({ workerId, spans }) => {
    const ownMs = offsets.get(workerId) ?? 0;
    const index = known.findIndex((one) => one.workerId === workerId);
    return spans.map((span) => {
      // A transfer begins on its producer's clock and ends on its receiver's.
      const beginMs = span.category === 'transfer' ? (offsets.get(span.peer ?? '') ?? 0) : ownMs;
      return place(index + 1, span, beginMs, ownMs);
    });
  });
  return [...own, ...workers];
}
