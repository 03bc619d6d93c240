import { randomUUID } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hostIdentity } from '../common/host-identity.js';
import { isAlive } from '../common/is-alive.js';

/** Of a process on another host it is not known whether it lives: an upload writes more often. */
const SILENT_MS = 24 * 3_600_000;
const NAME = /^upload-([0-9a-f]{8})\.(\d+)\./;

/** A new place below `dir` for a model on its way in; its name tells whose it is. */
export function uploadFolder(dir: string): string {
  return join(dir, `upload-${ownHost()}.${process.pid}.${randomUUID()}`);
}

/** Deletes what coordinators that were killed in the middle of an upload have left below `dir`. */
export async function sweepUploads(dir: string): Promise<void> {
  const names = await readdir(dir).catch(() => []);
  await Promise.all(
    names
      .filter((name) => name.startsWith('upload-'))
      .map(async (name) => {
        const folder = join(dir, name);
        if (await isLeft(folder, name)) await rm(folder, { recursive: true, force: true });
      }),
  );
}

async function isLeft(folder: string, name: string): Promise<boolean> {
  const [, host, pid] = NAME.exec(name) ?? [];
  if (host === ownHost()) return !isAlive(Number(pid));
  return Date.now() - (await writtenMs(folder)) > SILENT_MS;
}

/** When something was written in a folder last; now, where it cannot be told. */
async function writtenMs(folder: string): Promise<number> {
  const inside = await readdir(folder, { recursive: true }).catch(() => []);
  const times = await Promise.all(
    ['.', ...inside].map((name) =>
      stat(join(folder, name)).then(
        ({ mtimeMs }) => mtimeMs,
        () => Date.now(),
      ),
    ),
  );
  return Math.max(...times);
}

function ownHost(): string {
  return hostIdentity().hostId.slice(0, 8);
}
