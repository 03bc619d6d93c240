import { Counter, Histogram, Registry } from 'prom-client';
import type { InferenceReport } from './inference/index.js';

/** What a worker tells Prometheus (`--metrics-port`). Names and labels are listed in docs/reference/metrics.md. */
export class WorkerMetrics {
  readonly registry = new Registry();
  readonly #sentBytes = new Counter({
    name: 'asyncdiff_link_sent_bytes_total',
    help: 'Bytes of boundary tensors sent, by consumer.',
    labelNames: ['to'],
    registers: [this.registry],
  });
  readonly #receivedBytes = new Counter({
    name: 'asyncdiff_link_received_bytes_total',
    help: 'Bytes of boundary tensors received, by producer.',
    labelNames: ['from'],
    registers: [this.registry],
  });
  readonly #computeSeconds = new Counter({
    name: 'asyncdiff_compute_seconds_total',
    help: 'Time that the device computed.',
    registers: [this.registry],
  });
  readonly #waitSeconds = new Counter({
    name: 'asyncdiff_wait_seconds_total',
    help: 'Time between tasks of a job: inputs had not arrived.',
    registers: [this.registry],
  });
  readonly #segmentSeconds = new Histogram({
    name: 'asyncdiff_segment_seconds',
    help: 'Mean time of one run of a segment, per job.',
    labelNames: ['segment'],
    buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10],
    registers: [this.registry],
  });
  readonly #jobs = new Counter({
    name: 'asyncdiff_jobs_total',
    help: 'Jobs that this worker took part in.',
    registers: [this.registry],
  });

  /** Attempts of a job follow each other, and are one job. */
  #lastJobId: string | undefined;

  sent(to: string, bytes: number): void {
    this.#sentBytes.inc({ to }, bytes);
  }

  received(from: string, bytes: number): void {
    this.#receivedBytes.inc({ from }, bytes);
  }

  jobEnded(jobId: string, report: Omit<InferenceReport, 'spans'>): void {
    if (jobId !== this.#lastJobId) this.#jobs.inc();
    this.#lastJobId = jobId;
    for (const [to, bytes] of Object.entries(report.sentBytes)) this.sent(to, bytes);
    for (const [from, bytes] of Object.entries(report.receivedBytes)) this.received(from, bytes);
    this.#computeSeconds.inc(report.computeMs / 1000);
    this.#waitSeconds.inc(report.waitMs / 1000);
    for (const [segment, ms] of Object.entries(report.segmentMs))
      this.#segmentSeconds.observe({ segment }, ms / 1000);
  }
}
