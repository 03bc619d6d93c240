import type { Tensor } from '../../common/tensor/index.js';
import type { ChaosCluster } from './chaos-cluster.js';
import type { JobLedger } from './job-ledger.js';
import type { Outcome } from './job-run.js';
import type { Mishaps } from './mishaps.js';
import type { Replay } from './replay.js';

/** What may end a job that nobody cancelled: no worker is left, or those there are fail one after another. */
const LOSSES: ReadonlySet<string> = new Set(['worker_lost', 'no_workers', 'peer_unreachable']);
/** More descriptors than at the first look, and more memory, are growth. */
const MAX_MORE_FILES = 16;
const MAX_MORE_MB = 60;
/** Fewer say nothing of a process. */
const MIN_LOOKS = 4;

interface Usage {
  readonly process: string;
  readonly pid: number;
  readonly jobs: number;
  readonly files: number;
  readonly rssMb: number;
}

export interface ChaosVerdict {
  readonly schema: 'asyncdiff.chaos/1';
  readonly seed: number;
  readonly jobs: number;
  readonly seconds: number;
  /** Jobs by how they ended: `done`, or a code. */
  readonly ends: Readonly<Record<string, number>>;
  /** Attempts that were begun anew. */
  readonly restarts: number;
  readonly mishaps: Readonly<Record<string, number>>;
  readonly coordinatorLives: number;
  readonly lost: readonly string[];
  readonly twice: readonly string[];
  readonly hung: readonly string[];
  /** Pictures that are not what their plan gives. */
  readonly wrong: readonly string[];
  /** Ends that nothing which happened explains. */
  readonly unexplained: readonly string[];
  readonly growth: readonly string[];
  readonly leftovers: readonly string[];
  readonly usage: readonly Usage[];
  /** What happened, in order. */
  readonly log: readonly string[];
  readonly ok: boolean;
}

interface JudgeParts {
  readonly seed: number;
  readonly cluster: ChaosCluster;
  readonly ledger: JobLedger;
  readonly mishaps: Mishaps;
}

/** Holds every outcome against what may be. */
export class Judge {
  readonly #parts: JudgeParts;
  readonly #ends: Record<string, number> = {};
  readonly #lost: string[] = [];
  readonly #hung: string[] = [];
  readonly #wrong: string[] = [];
  readonly #unexplained: string[] = [];
  readonly #usage: Usage[] = [];
  readonly #epochBefore = new WeakMap<Outcome, number>();
  #restarts = 0;
  count = 0;

  constructor(parts: JudgeParts) {
    this.#parts = parts;
  }

  /** Notes where the coordinator stood when a job was submitted. */
  async during(run: () => Promise<Outcome>): Promise<Outcome> {
    const { epoch } = this.#parts.cluster;
    const outcome = await run();
    this.#epochBefore.set(outcome, epoch);
    return outcome;
  }

  async add(outcome: Outcome, replay: Replay): Promise<void> {
    const { code, result, job, message } = outcome;
    this.count += 1;
    this.#ends[code] = (this.#ends[code] ?? 0) + 1;
    const what = `job ${job.index} (${outcome.jobId}): ${code} ${message}`;
    if (code === 'hung') this.#hung.push(what, ...(await this.#states()));
    else if (result === undefined) {
      if (!this.#mayEnd(outcome)) this.#unexplained.push(what);
    } else {
      this.#restarts += result.report.restarts;
      const inOrder = job.variant === 'in order';
      const resumedAt = inOrder ? [] : result.report.inOrderSteps.filter((step) => step > 0);
      const expected = await replay.latents(job, resumedAt);
      if (!bytesOf(result.latents).equals(bytesOf(expected)))
        this.#wrong.push(
          `${what} ${job.variant}, ${job.steps} steps, went on at ${resumedAt.join(', ') || 'none'}`,
        );
    }
  }

  /** Looks at descriptors and memory of every process. */
  look(): void {
    const { coordinator, workers } = this.#parts.cluster;
    const processes = [{ name: 'coordinator', daemon: coordinator }, ...workers];
    for (const { name, daemon } of processes)
      if (daemon.isAlive)
        this.#usage.push({ process: name, pid: daemon.pid, jobs: this.count, ...daemon.usage });
  }

  async verdict({ isCalm, seconds }: { isCalm: boolean; seconds: number }): Promise<ChaosVerdict> {
    const { seed, cluster, ledger, mishaps } = this.#parts;
    if (!isCalm)
      this.#hung.push('not all workers are back and idle after the last job', ...(await this.#states()));
    this.#lost.push(...ledger.open(cluster.coordinator.pid).map((id) => `${id}: begun and never ended`));
    const growth = growthOf(this.#usage);
    const leftovers = cluster.leftovers();
    const faults = [this.#lost, ledger.twice, this.#hung, this.#wrong, this.#unexplained, growth];
    return {
      schema: 'asyncdiff.chaos/1',
      seed,
      jobs: this.count,
      seconds: Math.round(seconds * 10) / 10,
      ends: this.#ends,
      restarts: this.#restarts,
      mishaps: mishaps.counts,
      coordinatorLives: cluster.lives,
      lost: this.#lost,
      twice: ledger.twice,
      hung: this.#hung,
      wrong: this.#wrong,
      unexplained: this.#unexplained,
      growth,
      leftovers,
      usage: this.#usage,
      log: mishaps.log,
      ok: faults.every(({ length }) => length === 0),
    };
  }

  /** Whether an error is one that what happened to the job explains. */
  #mayEnd(outcome: Outcome): boolean {
    const { code, job } = outcome;
    if (LOSSES.has(code)) return job.mishaps.length > 0 || Object.keys(this.#parts.mishaps.counts).length > 0;
    const epoch = this.#epochBefore.get(outcome) ?? 0;
    const wasAway = epoch % 2 === 1 || epoch !== this.#parts.cluster.epoch;
    if (code === 'coordinator_unreachable') return wasAway || job.client === 'loses its link';
    if (code === 'job_not_found') return wasAway && job.client === 'comes back';
    // One that comes back and finds its job gone with the coordinator, or that lost its link before the job was there.
    if (code === 'cancelled') return job.client !== 'stays';
    return false;
  }

  async #states(): Promise<string[]> {
    const { coordinator, workers } = this.#parts.cluster;
    const processes = [{ name: 'coordinator', daemon: coordinator }, ...workers];
    const states = await Promise.all(processes.map(({ daemon }) => daemon.state()));
    return processes.map(({ name }, at) => `${name}:\n${states[at]?.join('\n') ?? ''}`);
  }
}

/**
 * Processes that have more files open, or more memory, at their last look than at any of the first half. A worker that came back and is not used yet has
 * 108 MB, and 150 to 200 after its first twenty jobs (ONNX Runtime's library, the threads' heaps); from then on it keeps to that.
 */
function growthOf(usage: readonly Usage[]): string[] {
  const pids = [...new Set(usage.map(({ pid }) => pid))];
  return pids.flatMap((pid) => {
    const looks = usage.filter((look) => look.pid === pid);
    const before = looks.slice(0, Math.floor(looks.length / 2));
    const [last, then] = [looks.at(-1), before.at(-1)];
    if (last === undefined || then === undefined || looks.length < MIN_LOOKS) return [];
    const files = last.files - Math.max(...before.map((look) => look.files));
    const rssMb = last.rssMb - Math.max(...before.map((look) => look.rssMb));
    if (files <= MAX_MORE_FILES && rssMb <= MAX_MORE_MB) return [];
    return [`${last.process} has ${files} files and ${rssMb} MB more after ${last.jobs - then.jobs} jobs`];
  });
}

function bytesOf({ data }: Tensor): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}
