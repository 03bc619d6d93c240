import { readFileSync } from 'node:fs';

const SAMPLE_MS = 100;

/** Memory of a process, bytes. Linux only. */
export interface ProcessMemory {
  /** Largest resident size, pages of mapped files with it. */
  readonly peakBytes: number;
  /** Largest size of what is backed by no file, as far as samples every 100 ms saw it. */
  readonly peakAnonymousBytes: number;
  /** The same two when it was looked at last. */
  readonly residentBytes: number;
  readonly anonymousBytes: number;
}

/** Watches processes until they are no longer asked about. */
export class MemoryWatch {
  readonly #seen = new Map<number, ProcessMemory>();
  readonly #timer: NodeJS.Timeout;

  constructor(pids: readonly number[]) {
    this.#timer = setInterval(() => this.#look(pids), SAMPLE_MS);
    this.#look(pids);
  }

  of(pid: number): ProcessMemory {
    const seen = this.#seen.get(pid);
    if (seen === undefined) throw new Error(`process ${pid} was never seen`);
    return seen;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(pids: readonly number[]): void {
    for (const pid of pids) {
      const now = read(pid);
      if (now === undefined) continue;
      const peakAnonymousBytes = Math.max(now.anonymousBytes, this.#seen.get(pid)?.peakAnonymousBytes ?? 0);
      this.#seen.set(pid, { ...now, peakAnonymousBytes });
    }
  }
}

/** Undefined for a process that has ended. */
function read(pid: number): Omit<ProcessMemory, 'peakAnonymousBytes'> | undefined {
  let status: string;
  try {
    status = readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return undefined;
  }
  const bytes = (key: string): number =>
    Number(new RegExp(`${key}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) * 1024;
  return { peakBytes: bytes('VmHWM'), residentBytes: bytes('VmRSS'), anonymousBytes: bytes('RssAnon') };
}
