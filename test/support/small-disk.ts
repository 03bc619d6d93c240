import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Mounts a disk of the size in its first argument at the folder in its second, for the program in the others alone. */
const SCRIPT = 'mount -t tmpfs -o "size=$1" none "$2" && shift 2 && exec "$@"';

/** A command that starts a program with a disk of its own at a folder: nothing outside of it sees the disk, and no rights are needed. */
export function onSmallDisk(folder: string, megabytes: number): string[] {
  mkdirSync(folder, { recursive: true });
  return [
    'unshare',
    '--user',
    '--map-root-user',
    '--mount',
    'sh',
    '-c',
    SCRIPT,
    'sh',
    `${megabytes}m`,
    folder,
  ];
}

/** Whether this system lets a user do that. */
export function hasSmallDisks(): boolean {
  const args = ['--user', '--map-root-user', '--mount', 'sh', '-c', 'mount -t tmpfs none /mnt'];
  return process.platform === 'linux' && spawnSync('unshare', args).status === 0;
}

/** The folder of a disk as its program sees it. */
export function seenBy(pid: number, folder: string): string {
  return join(`/proc/${pid}/root`, folder);
}

/** Takes all that is free on a disk. Returns how to give it back. */
export function fill(folder: string): () => void {
  const path = join(folder, 'full');
  const file = openSync(path, 'w');
  try {
    for (let bytes = 1 << 20; bytes >= 1; bytes >>= 1) {
      const block = Buffer.alloc(bytes);
      try {
        while (writeSync(file, block) === bytes);
      } catch {
        // No room for so much any more: less.
      }
    }
  } finally {
    closeSync(file);
  }
  return () => rmSync(path);
}
