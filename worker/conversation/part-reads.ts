import { AsyncDiffError } from '../../common/errors/index.js';
import {
  elementBytes,
  elementCount,
  formatDims,
  type Tensor,
  type ValueSpec,
} from '../../common/tensor/index.js';
import type { SegmentSpec } from '../../execution/index.js';
import { isLatents, noisePartName, sessionValueName } from '../../program/index.js';

/** Latents are sent as the sampler has them, which may be wider than what a graph takes. */
const MAX_LATENT_ELEMENT_BYTES = 8;

/** What a part reads that others make: what of it may come, and how large. */
export class PartReads {
  /** As the session takes it. */
  readonly #reads: ReadonlyMap<string, ValueSpec>;
  /** Of latents, which are cast, repeated and split where they are read; 0 where nobody reads them. */
  readonly #latentsBytes: number;
  /** Tensors that are not read here, and only handed on. */
  readonly #handedOn: (name: string) => boolean;

  /** @param handedOn whether a tensor of this name goes on to others */
  constructor(segments: readonly SegmentSpec[], handedOn: (name: string) => boolean) {
    this.#reads = new Map(segments.flatMap(readsOf));
    this.#latentsBytes = Math.max(0, ...segments.map(latentsBytesOf));
    this.#handedOn = handedOn;
  }

  has(name: string): boolean {
    return isLatents(name) ? this.#latentsBytes > 0 : this.#reads.has(name);
  }

  /** The largest tensor of this name that can be meant; 0 for one that nobody wants. Memory is taken for no more, whatever a peer announces. */
  maxBytes(name: string): number {
    const read = this.#reads.get(name);
    if (read !== undefined) return bytesOf(read);
    if (isLatents(name) && this.#latentsBytes > 0) return this.#latentsBytes;
    return this.#handedOn(name) ? Math.max(this.#latentsBytes, ...[...this.#reads.values()].map(bytesOf)) : 0;
  }

  /** What is wrong with a tensor; of latents only that nobody wants them. */
  wrong({ dtype, dims }: Tensor, name: string, producerId: string): AsyncDiffError | undefined {
    const said = `worker '${producerId}' sent "${name}"`;
    if (!this.has(name) && !this.#handedOn(name))
      return new AsyncDiffError('worker_failed', `${said}, which nobody reads here`);
    const read = this.#reads.get(name);
    const fits = read === undefined || (dtype === read.dtype && formatDims(dims) === formatDims(read.dims));
    if (fits) return undefined;
    return new AsyncDiffError(
      'worker_failed',
      `${said} as ${dtype} ${formatDims(dims)}, it must be ${read.dtype} ${formatDims(read.dims)}`,
    );
  }
}

function bytesOf({ dtype, dims }: ValueSpec): number {
  return elementCount(dims) * elementBytes(dtype);
}

function latentsBytesOf({ sampleInput, inputs, microBatches }: SegmentSpec): number {
  const input = inputs.find(({ name }) => name === sampleInput);
  if (sampleInput === '') return 0;
  return input === undefined ? Infinity : elementCount(input.dims) * microBatches * MAX_LATENT_ELEMENT_BYTES;
}

/** What a segment reads that others make, as its session takes it. */
function readsOf(spec: SegmentSpec): [string, ValueSpec][] {
  const { boundaryReads, inputs, microBatches } = spec;
  const tensors = boundaryReads.flatMap((name): [string, ValueSpec][] => {
    const own = sessionValueName(name, microBatches);
    const input = inputs.find((each) => each.name === own);
    return input === undefined ? [] : [[name, input]];
  });
  const states = (spec.item?.states ?? []).flatMap(({ input, value }): [string, ValueSpec][] => {
    const own = inputs.find(({ name }) => name === input);
    return own === undefined ? [] : [[value, own]];
  });
  return [...tensors, ...states, ...noiseReadsOf(spec)];
}

/** Where a segment makes a part of the noise prediction, the others of the batch may come from another worker. */
function noiseReadsOf({ outputs, output, microBatch, microBatches }: SegmentSpec): [string, ValueSpec][] {
  const made = outputs.find(({ name }) => name === output);
  if (made === undefined) return [];
  return Array.from({ length: microBatches }, (_, part) => part)
    .filter((part) => part !== microBatch)
    .map((part) => [noisePartName(part), made]);
}
