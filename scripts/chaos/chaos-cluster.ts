import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../common/package.js';
import { Daemon } from './daemon.js';
import { FaultyLink } from './faulty-link.js';

/** One worker: its process, and the links to its coordinator and to those who take its tensors. */
export interface ChaosWorker {
  readonly name: string;
  readonly control: FaultyLink;
  readonly tensors: FaultyLink;
  readonly cacheDir: string;
  readonly flags: readonly string[];
  readonly isElsewhere: boolean;
  daemon: Daemon;
}

type OnLog = (line: Readonly<Record<string, unknown>>) => void;

/** A coordinator and workers as processes, with a link that can fail in every way between them. */
export class ChaosCluster {
  readonly folder: string;
  readonly workers: ChaosWorker[] = [];
  coordinator: Daemon;
  /** Times that the coordinator was started. */
  lives = 1;
  /** Counts its ends and its returns: odd while it is away. */
  epoch = 0;
  #isBack: Promise<unknown> = Promise.resolve();
  #address = '';
  readonly #onLog: OnLog;

  private constructor(folder: string, onLog: OnLog) {
    this.folder = folder;
    this.#onLog = onLog;
    this.coordinator = this.#serve('127.0.0.1:0');
  }

  static async start(workers: number, onLog: OnLog): Promise<ChaosCluster> {
    const cluster = new ChaosCluster(mkdtempSync(join(tmpdir(), 'asyncdiff-chaos-')), onLog);
    const address = await cluster.coordinator.ready;
    if (address === undefined) throw new Error(`no coordinator: ${cluster.coordinator.lastLines.join('\n')}`);
    cluster.#address = address;
    for (let index = 0; index < workers; index++) await cluster.#add(index, workers);
    await Promise.all(cluster.workers.map(({ daemon }) => daemon.ready));
    return cluster;
  }

  /** HOST:PORT of the coordinator, the same in all its lives. */
  get address(): string {
    return this.#address;
  }

  /** Kills a worker's process if it is there, and starts it anew. */
  async restart(worker: ChaosWorker): Promise<void> {
    await worker.daemon.kill();
    worker.daemon = this.#work(worker);
    // Whoever comes for its tensors meanwhile is refused, as on a host without the process.
    void worker.daemon.ready.then((address) => {
      worker.tensors.target = address ?? '';
    });
  }

  async restartCoordinator(): Promise<void> {
    this.epoch += 1;
    const back = this.#restartCoordinator();
    this.#isBack = back;
    await back;
    this.epoch += 1;
  }

  /** Resolves when the coordinator is not away. */
  async whenServing(): Promise<void> {
    await this.#isBack;
  }

  async #restartCoordinator(): Promise<void> {
    await this.coordinator.kill();
    this.lives += 1;
    this.coordinator = this.#serve(this.#address);
    await this.coordinator.ready;
  }

  /** Flips a bit in one of the files that a worker keeps; false if it has none. @param which chooses the file */
  damage({ cacheDir }: ChaosWorker, which: number): boolean {
    const files = readdirSync(cacheDir, { withFileTypes: true })
      .filter((entry) => entry.isFile() && /^[0-9a-f]{64}$/.test(entry.name))
      .map(({ name }) => join(cacheDir, name));
    const path = files[which % Math.max(1, files.length)];
    if (path === undefined || statSync(path).size === 0) return false;
    const bytes = readFileSync(path);
    const at = which % bytes.length;
    bytes[at] = (bytes[at] as number) ^ 1;
    writeFileSync(path, bytes);
    return true;
  }

  /** Everything that was stopped, frozen or delayed goes on; what is gone comes back. */
  async heal(): Promise<void> {
    this.coordinator.signal('SIGCONT');
    if (!this.coordinator.isAlive) await this.restartCoordinator();
    for (const worker of this.workers) {
      worker.daemon.signal('SIGCONT');
      for (const link of [worker.control, worker.tensors]) {
        link.thaw();
        link.delayMs = 0;
      }
      if (!worker.daemon.isAlive) await this.restart(worker);
    }
  }

  /** Files of transfers and plans that nobody writes to any more. */
  leftovers(): string[] {
    return readdirSync(this.folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\.part$|\.tmp|(^|\/)tmp-/.test(name),
    );
  }

  async stop(): Promise<void> {
    for (const { control, tensors } of this.workers) {
      control.close();
      tensors.close();
    }
    await Promise.all(
      [this.coordinator, ...this.workers.map(({ daemon }) => daemon)].map((each) => each.kill()),
    );
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #add(index: number, count: number): Promise<void> {
    const name = `w${index + 1}`;
    const cacheDir = join(this.folder, name);
    mkdirSync(cacheDir);
    const [control, tensors] = [await FaultyLink.open(this.#address), await FaultyLink.open()];
    // The last one shares the coordinator's host and reads the files there; the others are on hosts of their own.
    const isElsewhere = index < count - 1;
    const flags = ['--join', control.address, '--advertise', tensors.address, '--name', name];
    const worker = { name, control, tensors, cacheDir, flags, isElsewhere };
    const whole = { ...worker, daemon: this.#work(worker) };
    const address = await whole.daemon.ready;
    tensors.target = address ?? '';
    this.workers.push(whole);
  }

  #work({ name, flags, cacheDir, isElsewhere }: Omit<ChaosWorker, 'daemon'>): Daemon {
    const preload = join(packageRoot, 'scripts/chaos/other-host.mjs');
    return new Daemon(['worker', ...flags, '--threads', '1', '--cache', cacheDir, '--grace-ms', '2000'], {
      nodeFlags: isElsewhere ? ['--import', preload] : [],
      env: isElsewhere ? { ASYNCDIFF_CHAOS_HOST: name } : {},
    });
  }

  #serve(listen: string): Daemon {
    const cache = join(this.folder, 'coordinator');
    return new Daemon(
      ['serve', '--listen', listen, '--cache', cache, '--threads', '1', '--grace-ms', '2000'],
      {
        onLog: this.#onLog,
      },
    );
  }
}
