import { describeWaits } from './open-waits.js';

const descriptions = new Set<() => readonly string[]>();

/**
 * Adds to what this process says of itself when it is asked what it is at.
 * @returns a function that takes it back
 */
export function describeWith(describe: () => readonly string[]): () => void {
  descriptions.add(describe);
  return () => descriptions.delete(describe);
}

/** What this process is at and what it waits for, as lines of text: for a person who asks a process that seems to hang. */
export function describeProcess(): string[] {
  const waits = describeWaits();
  return [
    ...[...descriptions].flatMap((describe) => describe()),
    ...(waits.length === 0 ? ['waits for nothing'] : waits.map((wait) => `waits for ${wait}`)),
  ];
}
