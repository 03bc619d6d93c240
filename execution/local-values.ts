import { releaseValues, type SessionValue } from './session.js';

interface Held {
  value: SessionValue;
  /** Sessions that have not read it yet. */
  readers: number;
}

/**
 * Values between the sessions of a component, by name and version. Each goes when the last of its readers has run: what is on a device is released
 * there.
 */
export class LocalValues {
  readonly #values = new Map<string, Map<number, Held>>();

  /** @param readers how many sessions will read it */
  put(name: string, version: number, value: SessionValue, readers: number): void {
    const versions = this.#values.get(name) ?? new Map<number, Held>();
    this.#values.set(name, versions);
    const before = versions.get(version);
    if (before !== undefined) releaseValues([before.value]);
    versions.set(version, { value, readers: readers + (before?.readers ?? 0) });
  }

  get(name: string, version: number): SessionValue | undefined {
    return this.#values.get(name)?.get(version)?.value;
  }

  has(name: string, version: number): boolean {
    return this.#values.get(name)?.has(version) ?? false;
  }

  /** A session has read it. */
  wasRead(name: string, version: number): void {
    const versions = this.#values.get(name);
    const held = versions?.get(version);
    if (held === undefined) return;
    held.readers -= 1;
    if (held.readers <= 0) this.#drop(versions, version);
  }

  /** Drops every version of every value below `version`: not all of a program's tasks come to be run. */
  dropBelow(version: number): void {
    for (const versions of this.#values.values())
      for (const known of versions.keys()) if (known < version) this.#drop(versions, known);
  }

  clear(): void {
    for (const versions of this.#values.values())
      releaseValues(Array.from(versions.values(), ({ value }) => value));
    this.#values.clear();
  }

  /** Number of values held. */
  get size(): number {
    let size = 0;
    for (const versions of this.#values.values()) size += versions.size;
    return size;
  }

  #drop(versions: Map<number, Held> | undefined, version: number): void {
    const held = versions?.get(version);
    versions?.delete(version);
    if (held !== undefined) releaseValues([held.value]);
  }
}
