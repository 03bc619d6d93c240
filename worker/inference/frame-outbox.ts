import type { Tensor, TensorMeta } from '../../common/tensor/index.js';
import { clockMs } from '../../execution/runtime/index.js';
import { FrameRingWriter } from '../exchange/shared-memory/index.js';
import type { VersionedTensor } from '../../program/index.js';
import type { Traffic } from './traffic.js';

/** Who reads what a plan makes here: ids of workers by name of the tensor. */
export type Readers = Readonly<Record<string, readonly string[]>>;

/** In the inference thread: where a tensor that was made here goes, and the part of the way that needs no network. */
export class FrameOutbox {
  readonly #traffic: Traffic;
  readonly #readers = new Map<string, Readers>();
  /** By plan and consumer. */
  readonly #rings = new Map<string, Map<string, FrameRingWriter>>();
  /** Of the job, by version: what a worker need not be sent, as `worker name`. */
  readonly #unread = new Map<number, Set<string>>();

  constructor(traffic: Traffic) {
    this.#traffic = traffic;
  }

  load(deploymentId: string, readers: Readers): void {
    this.#readers.set(deploymentId, readers);
  }

  unload(deploymentId: string): void {
    this.#readers.delete(deploymentId);
    for (const ring of this.#rings.get(deploymentId)?.values() ?? []) ring.close();
    this.#rings.delete(deploymentId);
  }

  /** The consumer's ring, this end's own; undefined: it is given up. */
  setRing(deploymentId: string, consumerId: string, fd: number | undefined): void {
    const rings = this.#rings.get(deploymentId) ?? new Map<string, FrameRingWriter>();
    rings.get(consumerId)?.close();
    rings.delete(consumerId);
    if (fd !== undefined) rings.set(consumerId, new FrameRingWriter(fd));
    this.#rings.set(deploymentId, rings);
  }

  /** A job begins. */
  begin(): void {
    this.#unread.clear();
  }

  /** Of what is made here: by worker, what need not be sent there. */
  skip(unread: ReadonlyMap<string, readonly VersionedTensor[]>): void {
    for (const [workerId, tensors] of unread)
      for (const { name, version } of tensors)
        this.#unread.set(version, (this.#unread.get(version) ?? new Set()).add(`${workerId} ${name}`));
  }

  /** Whether the tensor leaves this worker. */
  leaves(deploymentId: string, name: string): boolean {
    return (this.#readers.get(deploymentId)?.[name]?.length ?? 0) > 0;
  }

  /** Writes the tensor into the ring of every consumer that has one with room for it. Returns the others, to which it goes over the network. */
  send(deploymentId: string, meta: TensorMeta, tensor: Tensor): string[] {
    const unread = this.#unread.get(meta.version);
    const rings = this.#rings.get(deploymentId);
    return (this.#readers.get(deploymentId)?.[meta.name] ?? []).filter(
      (consumerId) =>
        unread?.has(`${consumerId} ${meta.name}`) !== true &&
        !this.#put(rings?.get(consumerId), consumerId, meta, tensor),
    );
  }

  #put(ring: FrameRingWriter | undefined, peer: string, meta: TensorMeta, tensor: Tensor): boolean {
    if (ring === undefined) return false;
    const startMs = clockMs();
    if (!ring.put(meta, tensor)) return false;
    const { name, version: round } = meta;
    const sizeBytes = tensor.data.byteLength;
    const durationMs = clockMs() - startMs;
    this.#traffic.sent(peer, sizeBytes);
    this.#traffic.addSpan({ name, category: 'serialize', startMs, durationMs, round, sizeBytes, peer });
    return true;
  }
}
