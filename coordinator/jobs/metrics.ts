import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { packageVersion } from '../../common/package.js';
import { componentCount } from '../../program/index.js';
import { PROTOCOL_VERSION } from '../../rpc/index.js';
import type { RelayMeter } from '../deployment/index.js';
import type { LossReason } from '../workers/index.js';
import type { DenoiseRun } from './denoise-run.js';

/** Seconds, from the rounds of a small model on a fast device to those of a large one on a processor. */
const ROUND_BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];
const JOB_BUCKETS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120, 300, 600];

/** What the coordinator tells Prometheus (`--metrics-port`). Names and labels are listed in docs/reference/metrics.md. */
export class CoordinatorMetrics {
  readonly registry = new Registry();
  readonly #jobs = new Counter({
    name: 'asyncdiff_jobs_total',
    help: 'Jobs by outcome: done, or an error code.',
    labelNames: ['outcome'],
    registers: [this.registry],
  });
  readonly #duration = new Histogram({
    name: 'asyncdiff_job_seconds',
    help: 'Time from the start of a job to its end, by kind and outcome.',
    labelNames: ['kind', 'outcome'],
    buckets: JOB_BUCKETS,
    registers: [this.registry],
  });
  readonly #queueWait = new Histogram({
    name: 'asyncdiff_queue_wait_seconds',
    help: 'Time from the submission of a job to its start.',
    buckets: [0, ...JOB_BUCKETS],
    registers: [this.registry],
  });
  readonly #losses = new Counter({
    name: 'asyncdiff_worker_losses_total',
    help: 'Workers lost, by reason: gone, silent, late, wrong, left.',
    labelNames: ['reason'],
    registers: [this.registry],
  });
  readonly #rounds = new Counter({
    name: 'asyncdiff_rounds_total',
    help: 'Rounds, warm-up included.',
    registers: [this.registry],
  });
  readonly #restarts = new Counter({
    name: 'asyncdiff_job_restarts_total',
    help: 'Times that a job went on after a worker was lost.',
    registers: [this.registry],
  });
  readonly #period = new Histogram({
    name: 'asyncdiff_round_seconds',
    help: 'Time of an asynchronous round.',
    buckets: ROUND_BUCKETS,
    registers: [this.registry],
  });
  readonly #link = new Counter({
    name: 'asyncdiff_link_sent_bytes_total',
    help: 'Bytes of boundary tensors, by producer and consumer.',
    labelNames: ['from', 'to'],
    registers: [this.registry],
  });
  readonly #component = new Histogram({
    name: 'asyncdiff_segment_seconds',
    help: 'Mean time of one run of a segment, per job.',
    labelNames: ['worker', 'segment'],
    buckets: ROUND_BUCKETS,
    registers: [this.registry],
  });
  readonly #wait = new Counter({
    name: 'asyncdiff_wait_seconds_total',
    help: 'Time that a worker waited for inputs during jobs.',
    labelNames: ['worker'],
    registers: [this.registry],
  });
  readonly #staleness = new Gauge({
    name: 'asyncdiff_staleness_rounds',
    help: 'Largest lag of a boundary tensor in the last job, rounds.',
    registers: [this.registry],
  });
  readonly #workers = new Gauge({
    name: 'asyncdiff_workers',
    help: 'Workers registered.',
    registers: [this.registry],
  });
  readonly #queue = new Gauge({
    name: 'asyncdiff_queue_depth',
    help: 'Jobs that wait.',
    registers: [this.registry],
  });

  readonly #relayed = new Gauge({
    name: 'asyncdiff_relay_held_bytes',
    help: 'Bytes of tensors that were relayed and not yet taken over by their consumer: now, and the most since the start.',
    labelNames: ['of'],
    registers: [this.registry],
    collect: () => {
      this.#relayed.set({ of: 'now' }, this.#relayLoad.heldBytes);
      this.#relayed.set({ of: 'peak' }, this.#relayLoad.peakBytes);
    },
  });
  readonly #relayLoad: Pick<RelayMeter, 'heldBytes' | 'peakBytes'>;

  /** @param relayLoad what of relayed tensors this coordinator holds */
  constructor(relayLoad: Pick<RelayMeter, 'heldBytes' | 'peakBytes'>) {
    this.#relayLoad = relayLoad;
    new Gauge({
      name: 'asyncdiff_build_info',
      help: '1, with the versions as labels.',
      labelNames: ['version', 'node', 'protocol'],
      registers: [this.registry],
    }).set({ version: packageVersion, node: process.version, protocol: PROTOCOL_VERSION }, 1);
  }

  workers(count: number): void {
    this.#workers.set(count);
  }

  queued(count: number): void {
    this.#queue.set(count);
  }

  jobStarted(waitedSeconds: number): void {
    this.#queueWait.observe(waitedSeconds);
  }

  /** @param outcome `done`, or an error code */
  jobEnded(outcome: string, kind: string, seconds: number): void {
    this.#jobs.inc({ outcome });
    this.#duration.observe({ kind, outcome }, seconds);
  }

  workerLost(reason: LossReason): void {
    this.#losses.inc({ reason });
  }

  jobDone(run: Pick<DenoiseRun, 'deployment' | 'rounds' | 'restarts' | 'roundMs' | 'workers'>): void {
    const { plan } = run.deployment;
    this.#rounds.inc(run.rounds);
    this.#restarts.inc(run.restarts);
    this.#staleness.set(componentCount(plan.partition) > 1 ? plan.settings.lag : 0);
    for (const ms of run.roundMs) this.#period.observe(ms / 1000);
    for (const { workerId, sentBytes, segmentMs, waitMs } of run.workers) {
      this.#wait.inc({ worker: workerId }, waitMs / 1000);
      for (const [to, bytes] of Object.entries(sentBytes)) this.#link.inc({ from: workerId, to }, bytes);
      for (const [segment, ms] of Object.entries(segmentMs))
        this.#component.observe({ worker: workerId, segment }, ms / 1000);
    }
  }
}
