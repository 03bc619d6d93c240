import type { ChaosCluster, ChaosWorker } from './chaos-cluster.js';
import type { Mishap } from './scenario.js';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
/** What a slow link adds to each direction. */
const SLOW_MS = 60;
/** A process that was told to end, and does not, is killed. */
const END_MS = 6_000;

/** Lets mishaps happen to a cluster; each puts right what it did after its time. */
export class Mishaps {
  readonly #cluster: ChaosCluster;
  readonly #open = new Set<Promise<void>>();
  /** How many of each kind have happened. */
  readonly counts: Record<string, number> = {};
  /** What happened, and when, since the start. */
  readonly log: string[] = [];
  readonly #startMs = performance.now();
  /** Workers and the coordinator that something is done to: by one at a time. */
  readonly #taken = new Set<string>();

  constructor(cluster: ChaosCluster) {
    this.#cluster = cluster;
  }

  /** @param job to which it happens, for the log */
  happen(mishap: Mishap, job: number): void {
    const happening = this.#happen(mishap, job).finally(() => this.#open.delete(happening));
    this.#open.add(happening);
  }

  /** Resolves when everything is put right. */
  async over(): Promise<void> {
    while (this.#open.size > 0) await Promise.all(this.#open);
  }

  async #happen(mishap: Mishap, job: number): Promise<void> {
    const { kind, moment, delayMs } = mishap;
    const worker = this.#cluster.workers[mishap.worker] as ChaosWorker;
    const subject = kind.endsWith('coordinator') ? 'coordinator' : worker.name;
    if (this.#taken.has(subject)) return;
    this.#taken.add(subject);
    try {
      if (moment === 'joining' && subject !== 'coordinator') await this.#cluster.restart(worker);
      await sleep(delayMs);
      this.counts[kind] = (this.counts[kind] ?? 0) + 1;
      const seconds = ((performance.now() - this.#startMs) / 1000).toFixed(2);
      this.log.push(
        `${seconds} s: ${kind}${subject === 'coordinator' ? '' : ` ${subject}`}, job ${job} ${moment}, ${mishap.lastsMs} ms`,
      );
      await this.#act(mishap, worker);
    } finally {
      this.#taken.delete(subject);
    }
  }

  async #act({ kind, lastsMs }: Mishap, worker: ChaosWorker): Promise<void> {
    const cluster = this.#cluster;
    switch (kind) {
      case 'kill worker':
        await worker.daemon.kill();
        await sleep(lastsMs);
        return cluster.restart(worker);
      case 'end worker':
        worker.daemon.signal('SIGTERM');
        await Promise.race([worker.daemon.exited, sleep(END_MS)]);
        return cluster.restart(worker);
      case 'stop worker':
        worker.daemon.signal('SIGSTOP');
        await sleep(lastsMs);
        return worker.daemon.signal('SIGCONT');
      case 'cut control link':
        return worker.control.cut();
      case 'cut tensor links':
        return worker.tensors.cut();
      case 'freeze control link':
        return this.#for(lastsMs, worker.control, 'freeze');
      case 'freeze tensor links':
        return this.#for(lastsMs, worker.tensors, 'freeze');
      case 'delay control link':
        return this.#for(lastsMs, worker.control, 'delay');
      case 'delay tensor links':
        return this.#for(lastsMs, worker.tensors, 'delay');
      case 'damage cache':
        cluster.damage(worker, lastsMs);
        // It looks at its files when it opens a plan: a new process has none open.
        return cluster.restart(worker);
      case 'kill coordinator':
        return cluster.restartCoordinator();
      case 'stop coordinator': {
        const { coordinator } = cluster;
        coordinator.signal('SIGSTOP');
        await sleep(lastsMs);
        return coordinator.signal('SIGCONT');
      }
      default:
        return kind satisfies never;
    }
  }

  async #for(ms: number, link: ChaosWorker['control'], what: 'freeze' | 'delay'): Promise<void> {
    if (what === 'freeze') link.freeze();
    else link.delayMs = SLOW_MS;
    await sleep(ms);
    link.thaw();
    link.delayMs = 0;
  }
}
