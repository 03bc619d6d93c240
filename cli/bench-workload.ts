import { declaredDenoise, textToImage, type BenchWorker, type Workload } from './bench/index.js';
import type { AsyncDiffClient } from '../client/index.js';
import { AsyncDiffError } from '../common/errors/index.js';
import type { SamplerChoiceOptions } from './sampler-flags.js';

/** What Stable Diffusion pipelines default to; the published times were taken with guidance. */
const DECLARED_GUIDANCE_SCALE = 7.5;

interface WorkloadFlags {
  readonly prompt: string;
  readonly seed: number;
  readonly guidanceScale?: number | undefined;
  readonly sampler: SamplerChoiceOptions;
  /** Name of the coordinator's model. */
  readonly model: string;
}

/** Pictures from the coordinator's model, or latents of declared shapes where the workers are declared devices. */
export function benchWorkload(
  client: AsyncDiffClient,
  workers: readonly BenchWorker[],
  flags: WorkloadFlags,
): { workload: Workload; guidanceScale: number | null } {
  const { prompt, seed, guidanceScale } = flags;
  if (workers.length === 0) throw new AsyncDiffError('no_workers', 'no worker is registered');
  const declared = workers.flatMap((worker) => worker.declared ?? []);
  const profile = declared[0];
  if (profile === undefined) {
    const workload = textToImage(client, {
      label: `${flags.model}, "${prompt}"`,
      prompt,
      seed,
      guidanceScale,
      ...flags.sampler,
    });
    return { workload, guidanceScale: guidanceScale ?? null };
  }
  if (flags.sampler.scheduler !== undefined || flags.sampler.schedulerConfig !== undefined)
    throw new AsyncDiffError(
      'invalid_settings',
      'declared devices compute nothing that a sampler could change',
      {
        hint: 'Leave --scheduler out.',
      },
    );
  const kinds = new Set(declared.map((device) => `${device.profile}, dilation ${device.timeDilation}`));
  if (declared.length < workers.length || kinds.size > 1) {
    throw new AsyncDiffError(
      'invalid_settings',
      `workers are of different kinds: ${[...kinds, ...(declared.length < workers.length ? ['real devices'] : [])].join('; ')}`,
      {
        hint: 'Times that are declared and times that are measured do not belong in one figure: start the workers alike.',
      },
    );
  }
  const guidance = guidanceScale ?? (profile.batch % 2 === 0 ? DECLARED_GUIDANCE_SCALE : 1);
  return {
    workload: declaredDenoise(client, {
      label: `${profile.model} (declared)`,
      device: profile,
      guidanceScale: guidance,
      seed,
    }),
    guidanceScale: guidance,
  };
}
