import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** One that has not ended so long after SIGKILL is in a system call that nothing interrupts (a disk that does not answer). */
const END_MS = 2_000;

/** Kills it. Resolves true when it has ended; false where it does not: then it is waited for no longer, and keeps this process alive no more. */
export async function endProcess(child: ChildProcess, withinMs: number = END_MS): Promise<boolean> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return true;
  let patience: NodeJS.Timeout | undefined;
  const ended = new Promise<boolean>((resolve) => {
    child.once('exit', () => resolve(true));
    patience = setTimeout(() => resolve(false), withinMs);
  });
  child.kill('SIGKILL');
  const isEnded = await ended;
  clearTimeout(patience);
  if (!isEnded) {
    child.unref();
    child.channel?.unref();
  }
  return isEnded;
}

/** Processor time of a process, in clock ticks; where the platform does not tell, another number at each call. */
export function processorTicks(pid: number | undefined): number {
  if (process.platform !== 'linux' || pid === undefined) return performance.now();
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return Number(fields[11]) + Number(fields[12]);
  } catch {
    return performance.now();
  }
}

/** Resident memory of a process, bytes; 0 where the platform does not tell (then V8's limit is the only one). */
export function residentBytes(pid: number | undefined): number {
  if (process.platform !== 'linux' || pid === undefined) return 0;
  try {
    const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kilobytes ?? 0) * 1024;
  } catch {
    return 0;
  }
}
