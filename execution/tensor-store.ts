import type { Tensor } from '../common/tensor/index.js';

/**
 * Values of one job by name and version. Names are boundary tensors (version = round), latents (version = step) and
 * values local to one run of a component.
 */
export class TensorStore {
  readonly #values = new Map<string, Map<number, Tensor>>();

  put(name: string, version: number, tensor: Tensor): void {
    let versions = this.#values.get(name);
    if (versions === undefined) {
      versions = new Map();
      this.#values.set(name, versions);
    }
    versions.set(version, tensor);
  }

  get(name: string, version: number): Tensor | undefined {
    return this.#values.get(name)?.get(version);
  }

  has(name: string, version: number): boolean {
    return this.#values.get(name)?.has(version) ?? false;
  }

  /** Drops every version of every value below `version`. */
  dropBelow(version: number): void {
    for (const versions of this.#values.values()) {
      for (const known of versions.keys()) if (known < version) versions.delete(known);
    }
  }

  clear(): void {
    this.#values.clear();
  }

  /** Number of tensors held. */
  get size(): number {
    let size = 0;
    for (const versions of this.#values.values()) size += versions.size;
    return size;
  }
}
