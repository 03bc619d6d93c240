import { AsyncDiffError } from '../common/errors/index.js';
import type { PlanSettings } from '../common/settings/index.js';
import { formatDims } from '../common/tensor/index.js';
import type { InputShapes, PredictorDescription } from './model/index.js';

/**
 * Shapes of the model's inputs for one of `count` micro-batches, from those of the whole batch. The latents may be given as `sample`,
 * whatever the model calls them. Divided are the inputs whose first dimension is the batch: open,
 * or fixed as the latents' is (a model of static batch runs its rows one after another).
 *
 * @param asked what the parts are asked for by: named in the message
 * @throws AsyncDiffError invalid_settings where the batch is fixed in the model at another size, or cannot be divided
 */
export function microBatchShapes(
  { sample, inputs }: PredictorDescription,
  { sample: asSample, ...others }: InputShapes,
  count: number,
  asked: Partial<Pick<PlanSettings, 'guidanceSplit' | 'microBatches'>> = {},
): InputShapes {
  const whole: InputShapes = asSample === undefined ? others : { ...others, [sample.name]: asSample };
  if (count === 1) return whole;
  const batch = whole[sample.name]?.[0] ?? 1;
  // Two parts may be there for either reason.
  const isSplit = asked.guidanceSplit === 'on' && asked.microBatches !== count;
  const why = isSplit ? 'guidance_split is on' : `micro_batches is ${count}`;
  if (batch % count !== 0) {
    throw new AsyncDiffError(
      'invalid_settings',
      `${why}: a batch of ${batch} cannot be divided by ${isSplit ? count : 'it'}`,
      { hint: 'The batch is the number of images, twice that with guidance.' },
    );
  }
  const [fixed] = sample.dims;
  if (typeof fixed === 'number' && fixed !== batch / count) {
    throw new AsyncDiffError(
      'invalid_settings',
      `${why}, but the model takes a batch of ${fixed} only: ${sample.name} is ${formatDims(sample.dims)}`,
      {
        hint: `Export the model with an open batch dimension, or ${isSplit ? 'use --guidance-split off' : 'leave micro-batches out'}.`,
      },
    );
  }
  const divided = new Set(
    inputs
      .filter(({ dims }) => typeof dims[0] === 'string' || (dims[0] === fixed && fixed !== undefined))
      .map(({ name }) => name),
  );
  return Object.fromEntries(
    Object.entries(whole).map(([name, dims]) => {
      const [first, ...rest] = dims;
      return [name, divided.has(name) && first === batch ? [batch / count, ...rest] : dims];
    }),
  );
}
