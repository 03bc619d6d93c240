import { createHash } from 'node:crypto';
import type { Tensor } from '../common/tensor/index.js';
import { formatSchedulerConfig } from '../samplers/index.js';
import type { DenoiseJob } from './denoise-job.js';

/** SHA-256 of all that a job is given, in hex: with the same predictor and program it gives the same bits. */
export function inputsDigest({ sampler, timesteps, guidance, latents, conditioning }: DenoiseJob): string {
  const { name, numInferenceSteps, options, noise, kept } = sampler;
  const seed = noise?.seed && { ...noise.seed, seed: String(noise.seed.seed) };
  const rest = sortedEntries({ ...guidance }).filter(([key, value]) => key !== 'scale' && Boolean(value));
  const hash = createHash('sha256').update(
    JSON.stringify([
      [name, numInferenceSteps, sortedEntries(options), seed],
      formatSchedulerConfig(sampler.config),
      timesteps,
      guidance?.scale,
      ...(rest.length === 0 ? [] : [rest]),
    ]),
  );
  for (const values of kept === undefined ? [] : [kept.mask, kept.original, kept.noise])
    hash.update(bytesOf(values));
  for (const [input, tensor] of [['', latents] as const, ...sortedEntries(conditioning)])
    hash.update(JSON.stringify([input, tensor.dtype, tensor.dims])).update(bytesOf(tensor.data));
  return hash.digest('hex');
}

/** SHA-256 of a tensor's elements, in hex. */
export function tensorDigest({ data }: Pick<Tensor, 'data'>): string {
  return createHash('sha256').update(bytesOf(data)).digest('hex');
}

function sortedEntries<T>(entries: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1));
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
