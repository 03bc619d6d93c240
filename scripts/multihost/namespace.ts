import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { AsyncDiffError } from '../../common/errors/index.js';

const execute = promisify(execFile);
/** Owner's process id and its start time in clock ticks: an id alone is given to another process some day. */
const NAME = /^asyncdiff-(\d+)-(\d+)-[a-z0-9]+$/;
const KILL_WAIT_MS = 5_000;

/** What all namespaces of this process are called at the front. */
export function ownPrefix(): string {
  return `asyncdiff-${process.pid}-${startTicks(process.pid)}`;
}

/** Runs `ip` or `tc`; returns what it prints. Throws `internal` with what it said. */
async function runTool(tool: 'ip' | 'tc', ...words: string[]): Promise<string> {
  try {
    return (await execute(tool, words)).stdout;
  } catch (error) {
    const said = ((error as { stderr?: string }).stderr ?? '').trim();
    throw new AsyncDiffError('internal', `${tool} ${words.join(' ')}: ${said || String(error)}`, {
      cause: error,
    });
  }
}

/** A network namespace: a host with its own interfaces, addresses and routes. */
export class Namespace {
  readonly name: string;

  private constructor(name: string) {
    this.name = name;
  }

  static async make(role: string): Promise<Namespace> {
    const namespace = new Namespace(`${ownPrefix()}-${role}`);
    await runTool('ip', 'netns', 'add', namespace.name);
    await namespace.ip('link', 'set', 'lo', 'up');
    return namespace;
  }

  /** Namespaces whose owner does not live any more. */
  static async leftovers(): Promise<Namespace[]> {
    return (await list()).flatMap((name) => {
      const [, pid, ticks] = NAME.exec(name) ?? [];
      return pid === undefined || startTicks(Number(pid)) === ticks ? [] : [new Namespace(name)];
    });
  }

  /** `ip` inside. */
  ip(...words: string[]): Promise<string> {
    return runTool('ip', '-n', this.name, ...words);
  }

  /** `tc` inside. */
  tc(...words: string[]): Promise<string> {
    return runTool('tc', '-n', this.name, ...words);
  }

  /** Writes a setting below /proc/sys; those of `net/ipv4/tcp_*` hold for this namespace alone. */
  async setKernel(name: string, value: string): Promise<void> {
    const write = ['sh', '-c', 'echo "$1" > "$2"', 'sh', value, `/proc/sys/${name}`];
    await runTool('ip', 'netns', 'exec', this.name, ...write);
  }

  /** The command line that runs a program inside. */
  command(...words: string[]): [string, ...string[]] {
    return ['ip', 'netns', 'exec', this.name, ...words];
  }

  /** Ends every process inside, then removes it with its interfaces and queues. */
  async remove(): Promise<void> {
    const give_up = Date.now() + KILL_WAIT_MS;
    for (;;) {
      const pids = (await runTool('ip', 'netns', 'pids', this.name))
        .split('\n')
        .filter((line) => line !== '');
      if (pids.length === 0 || Date.now() > give_up) break;
      for (const pid of pids) kill(Number(pid));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await runTool('ip', 'netns', 'del', this.name);
  }
}

async function list(): Promise<string[]> {
  const lines = (await runTool('ip', 'netns', 'list')).split('\n');
  return lines.map((line) => line.split(' ')[0] as string).filter((name) => name !== '');
}

function startTicks(pid: number): string | undefined {
  try {
    // The command's name, in brackets, may hold spaces and brackets itself.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ');
    return fields?.[19];
  } catch {
    return undefined;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
