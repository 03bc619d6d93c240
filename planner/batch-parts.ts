import { AsyncDiffError } from '../common/errors/index.js';
import type { PlanSettings } from '../common/settings/index.js';
import type { Halves } from '../program/index.js';

/** In what parts a batch is computed. */
interface BatchParts {
  /** 2 where guidance is split: each half of the parts has components of its own. */
  readonly halves: Halves;
  /** All parts; 1: the batch as a whole. */
  readonly parts: number;
}

/**
 * The parts of a batch. `micro_batches` counts those of the whole batch: split guidance needs two at least.
 *
 * @param batchRepeat times that the latents stand in the batch: 2 with guidance
 * @throws AsyncDiffError `invalid_settings` for guidance split without guidance, with step-parallel, or with micro-batches
 *   that cannot be halved
 */
export function batchParts(
  {
    guidanceSplit,
    stepParallel,
    microBatches,
  }: Pick<PlanSettings, 'guidanceSplit' | 'stepParallel' | 'microBatches'>,
  batchRepeat: number,
): BatchParts {
  if (guidanceSplit !== 'on') return { halves: 1, parts: microBatches };
  if (batchRepeat !== 2)
    throw new AsyncDiffError(
      'invalid_settings',
      'guidance_split is on, but without guidance there is one half only',
      { hint: 'Use --guidance-scale above 1, or --guidance-split auto.' },
    );
  if (stepParallel !== 'auto' && stepParallel > 1)
    throw new AsyncDiffError(
      'invalid_settings',
      `guidance_split is on and step_parallel is ${stepParallel}: workers hold either a step or a half of it`,
      { hint: 'Leave --step-parallel out, or use --guidance-split off.' },
    );
  const parts = Math.max(2, microBatches);
  if (parts % 2 !== 0)
    throw new AsyncDiffError(
      'invalid_settings',
      `micro_batches is ${microBatches}: with guidance_split each half of the batch has as many of them`,
      { hint: 'Use an even --micro-batches, or --guidance-split off.' },
    );
  return { halves: 2, parts };
}
