import {
  accessSync,
  constants,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

const FREEZER = '/sys/fs/cgroup/freezer';

/** Freezes single threads: as one in a run of a driver that does not return, while its process goes on. Needs cgroups of version 1 that this user may write. */
export class Freezer {
  static get isThere(): boolean {
    try {
      accessSync(join(FREEZER, 'tasks'), constants.W_OK);
      return true;
    } catch {
      return false;
    }
  }

  readonly #path = join(FREEZER, `asyncdiff-${process.pid}`);

  constructor() {
    mkdirSync(this.#path);
  }

  freeze(thread: string): void {
    writeFileSync(join(this.#path, 'tasks'), thread);
    writeFileSync(join(this.#path, 'freezer.state'), 'FROZEN');
  }

  thaw(): void {
    writeFileSync(join(this.#path, 'freezer.state'), 'THAWED');
  }

  /** When its threads are gone. */
  remove(): void {
    rmdirSync(this.#path);
  }
}

/** Of a process's threads but the first, the one that computed most. */
export function computingThread(pid: number): string {
  const ticks = (thread: string): number => {
    const fields =
      readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return Number(fields[11]) + Number(fields[12]);
  };
  const others = readdirSync(`/proc/${pid}/task`).filter((thread) => thread !== String(pid));
  return others.toSorted((a, b) => ticks(b) - ticks(a))[0] ?? '';
}
