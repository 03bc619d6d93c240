import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { distFile } from '../../common/package.js';

const MAX_LINES = 60;
/** For a process that is asked what it waits for. */
const STATE_MS = 700;

const alive = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

interface DaemonOptions {
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Flags of Node. */
  readonly nodeFlags?: readonly string[] | undefined;
  /** Each line that it logs. */
  readonly onLog?: ((line: Readonly<Record<string, unknown>>) => void) | undefined;
}

/** A running `asyncdiff serve` or `asyncdiff worker`. */
export class Daemon {
  /** Its address, once it listens; undefined if it ended before. */
  readonly ready: Promise<string | undefined>;
  readonly exited: Promise<void>;
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];

  constructor(args: readonly string[], { env, nodeFlags = [], onLog }: DaemonOptions = {}) {
    const own = Object.entries(process.env).filter(([name]) => !name.startsWith('ASYNCDIFF_'));
    const child = spawn(
      process.execPath,
      [...nodeFlags, distFile('cli/main.js'), ...args, '--exit-with-stdin'],
      { stdio: ['pipe', 'pipe', 'pipe'], env: { ...Object.fromEntries(own), NO_COLOR: '1', ...env } },
    );
    this.#child = child;
    alive.add(child);
    child.stdin?.on('error', () => undefined);
    this.exited = new Promise((resolve) => {
      child.once('close', () => {
        alive.delete(child);
        resolve();
      });
    });
    createInterface({ input: child.stderr }).on('line', (line) => {
      this.#lines.push(line);
      if (this.#lines.length > MAX_LINES) this.#lines.shift();
      if (line.startsWith('{') && onLog !== undefined) onLog(parse(line));
    });
    this.ready = new Promise((resolve) => {
      createInterface({ input: child.stdout }).once('line', (line) =>
        resolve(String(parse(line)['address'])),
      );
      void this.exited.then(() => resolve(undefined));
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get isAlive(): boolean {
    return alive.has(this.#child);
  }

  /** What it said last, for whoever looks for the cause. */
  get lastLines(): readonly string[] {
    return this.#lines;
  }

  signal(name: NodeJS.Signals): void {
    if (this.isAlive) this.#child.kill(name);
  }

  /** What it is at and waits for, in its own words. */
  async state(): Promise<readonly string[]> {
    this.signal('SIGCONT');
    this.signal('SIGUSR2');
    await new Promise((resolve) => setTimeout(resolve, STATE_MS));
    return this.#lines;
  }

  async kill(): Promise<void> {
    this.signal('SIGCONT');
    this.signal('SIGKILL');
    await this.exited;
  }

  /** Open files, and resident memory in MB; zeros where the platform does not tell. */
  get usage(): { readonly files: number; readonly rssMb: number } {
    if (process.platform !== 'linux' || !this.isAlive) return { files: 0, rssMb: 0 };
    try {
      const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1];
      return {
        files: readdirSync(`/proc/${this.pid}/fd`).length,
        rssMb: Math.round(Number(kilobytes ?? 0) / 1024),
      };
    } catch {
      return { files: 0, rssMb: 0 };
    }
  }
}

function parse(line: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return {};
  }
}
