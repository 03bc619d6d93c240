import { type ChildProcess, spawn } from 'node:child_process';
import { distFile } from '../../common/package.js';

const alive = new Set<ChildProcess>();
const running = new Set<CliProcess>();
const START_TIMEOUT_MS = 60_000;
/** For a process that is asked what it waits for. */
const STATE_MS = 500;
const KEPT_STDERR = 2_000;

/** Asks every running process what it waits for; what each has said since it was asked, and its last lines before. */
export async function statesOfChildren(): Promise<string[]> {
  const asked = [...running];
  for (const { child } of asked) child.kill('SIGUSR2');
  await new Promise((resolve) => setTimeout(resolve, STATE_MS));
  return asked.map(
    ({ pid, args, stderr }) =>
      `process ${pid} (asyncdiff ${args.slice(0, 4).join(' ')}):\n${stderr.slice(-KEPT_STDERR)}`,
  );
}

/** No test leaves a process behind: called at the end of each file (leave-nothing.ts), and when the test process ends early. */
export function endChildren(): void {
  for (const child of alive) child.kill('SIGKILL');
}
process.on('exit', endChildren);

export interface CliExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** A command that is given the whole command line to run. */
  readonly launcher?: readonly string[];
  /** Flags of Node. */
  readonly nodeFlags?: readonly string[];
}

/** A running `asyncdiff ...`, compiled, as a user would start it. */
export class CliProcess {
  readonly child: ChildProcess;
  readonly args: readonly string[];
  readonly exit: Promise<CliExit>;
  stdout = '';
  stderr = '';
  readonly #listeners = new Set<() => void>();

  constructor(args: readonly string[], options: CliOptions = {}) {
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !name.startsWith('ASYNCDIFF_')),
    );
    const [program = '', ...rest] = [
      ...(options.launcher ?? []),
      process.execPath,
      ...(options.nodeFlags ?? []),
      distFile('cli/main.js'),
      ...args,
    ];
    this.child = spawn(program, rest, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...env, NO_COLOR: '1', ...options.env },
      cwd: options.cwd,
    });
    this.args = args;
    alive.add(this.child);
    running.add(this);
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      this.#changed();
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
      this.#changed();
    });
    this.exit = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (code, signal) => {
        alive.delete(this.child);
        running.delete(this);
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr });
        this.#changed();
      });
    });
  }

  get pid(): number {
    return this.child.pid as number;
  }

  get ended(): boolean {
    return !alive.has(this.child);
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** The JSON document of its first line: serve and worker print where they listen. */
  async ready(): Promise<{ readonly address: string; readonly pid: number; readonly metrics_port?: number }> {
    await this.until(() => this.stdout.includes('\n'), 'say that it is ready');
    return JSON.parse(this.stdout.slice(0, this.stdout.indexOf('\n'))) as Awaited<
      ReturnType<CliProcess['ready']>
    >;
  }

  /** Resolves when `condition` holds after some output; rejects if the process ends before, or after a minute. */
  async until(condition: () => boolean, what: string): Promise<void> {
    const deadlineMs = performance.now() + START_TIMEOUT_MS;
    while (!condition()) {
      if (this.ended)
        throw new Error(`asyncdiff ended before it did ${what}:\n${this.stdout}\n${this.stderr}`);
      if (performance.now() > deadlineMs) throw new Error(`asyncdiff did not ${what}:\n${this.stderr}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(done, 200);
        const listeners = this.#listeners;
        function done(): void {
          clearTimeout(timer);
          listeners.delete(done);
          resolve();
        }
        listeners.add(done);
      });
    }
  }

  /** Ends it with SIGTERM. */
  async stop(): Promise<CliExit> {
    if (!this.ended) this.kill('SIGTERM');
    return this.exit;
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
