import { type ChildProcess, spawn } from 'node:child_process';
import { AsyncDiffError } from '../../common/errors/index.js';
import { ALLOCATOR_ENVIRONMENT } from '../../common/process-tuning.js';
import type { Namespace } from './namespace.js';

const MAX_STDERR_LENGTH = 4_000;
const STOP_TIMEOUT_MS = 4_000;

interface ChildOptions {
  /** For messages. */
  readonly name: string;
  /** `pass`: the result goes to this process's stdout; `keep`: into {@link Child.output}. */
  readonly stdout: 'pass' | 'keep';
  /** `pass` for what talks to the user; otherwise its end is kept for when it fails. */
  readonly stderr: 'pass' | 'keep';
  readonly env?: Readonly<Record<string, string>>;
  /** Scheduling priority, lower first. */
  readonly nice?: number;
}

/** A process on one of the hosts. */
export class Child {
  readonly name: string;
  /** Its exit code; signals count as 1. */
  readonly ended: Promise<number>;
  readonly #process: ChildProcess;
  #stdout = '';
  #stderr = '';
  #asked = false;

  private constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.#process = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-MAX_STDERR_LENGTH);
    });
    this.ended = new Promise((resolve, reject) => {
      child.once('error', (error) => reject(AsyncDiffError.from(error)));
      child.once('close', (code) => resolve(code ?? 1));
    });
    this.ended.catch(() => undefined);
  }

  static start(namespace: Namespace, words: readonly string[], options: ChildOptions): Child {
    const nice = options.nice === undefined ? [] : ['nice', '-n', String(options.nice)];
    const [program, ...rest] = namespace.command(...nice, ...words);
    const child = spawn(program, rest, {
      // stdin stays open as long as this process lives: whatever kills it, long-lived children see it close and end.
      stdio: [
        'pipe',
        options.stdout === 'pass' ? 'inherit' : 'pipe',
        options.stderr === 'pass' ? 'inherit' : 'pipe',
      ],
      env: { ...process.env, ...ALLOCATOR_ENVIRONMENT, ...options.env },
      // In a session of its own: Ctrl-C reaches this process alone, which ends the others in order.
      detached: true,
    });
    child.stdin?.on('error', () => undefined);
    return new Child(options.name, child);
  }

  /** Everything that it has written so far. */
  get output(): string {
    return this.#stdout;
  }

  /** Whether it ended though nobody asked it to. */
  get failed(): boolean {
    return !this.#asked && (this.#process.exitCode ?? 0) !== 0;
  }

  get lastWords(): string {
    return this.#stderr.trim();
  }

  /** The first line of its output. Throws `internal` if it ends before. */
  async ready(): Promise<string> {
    let over = false;
    void this.ended.then(() => {
      over = true;
    });
    while (!this.#stdout.includes('\n')) {
      if (over) throw this.failure();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return this.#stdout.slice(0, this.#stdout.indexOf('\n'));
  }

  /** Its whole output once it has ended. Throws `internal` if it failed. */
  async result(): Promise<string> {
    if ((await this.ended) !== 0) throw this.failure();
    return this.#stdout;
  }

  failure(): AsyncDiffError {
    return new AsyncDiffError('internal', `${this.name} ended: ${this.lastWords || 'it said nothing'}`);
  }

  /** Asks it to end, and ends it if it does not. */
  async stop(signal: 'SIGTERM' | 'SIGINT' = 'SIGTERM'): Promise<void> {
    this.#asked = true;
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill(signal);
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await this.ended.catch(() => undefined);
    clearTimeout(timer);
  }
}
