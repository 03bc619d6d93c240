import { totalmem } from 'node:os';

/** Memory of this host, or of the container that this process is confined to. */
export function hostMemoryBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 && limit < totalmem() ? limit : totalmem();
}
