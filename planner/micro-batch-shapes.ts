import { AsyncDiffError } from '../common/errors/index.js';
import { formatDims } from '../common/tensor/index.js';
import type { InputShapes, PredictorDescription } from './model/index.js';

/**
 * Shapes of the model's inputs for one of `count` micro-batches, from those of the whole batch. The latents may be given as `sample`,
 * whatever the model calls them. Divided are the inputs whose first dimension is open and is the batch.
 *
 * @throws AsyncDiffError invalid_settings where the batch is fixed in the model, or cannot be divided
 */
export function microBatchShapes(
  { sample, inputs }: PredictorDescription,
  { sample: asSample, ...others }: InputShapes,
  count: number,
): InputShapes {
  const whole: InputShapes = asSample === undefined ? others : { ...others, [sample.name]: asSample };
  if (count === 1) return whole;
  if (typeof sample.dims[0] === 'number') {
    throw new AsyncDiffError(
      'invalid_settings',
      `micro_batches is ${count}, but the model takes a batch of ${sample.dims[0]} only: ${sample.name} is ${formatDims(sample.dims)}`,
      { hint: 'Export the model with an open batch dimension, or leave micro-batches out.' },
    );
  }
  const batch = whole[sample.name]?.[0] ?? 1;
  if (batch % count !== 0) {
    throw new AsyncDiffError(
      'invalid_settings',
      `micro_batches is ${count}: a batch of ${batch} cannot be divided by it`,
      { hint: 'The batch is the number of images, twice that with guidance.' },
    );
  }
  const isOpen = new Set(inputs.filter(({ dims }) => typeof dims[0] === 'string').map(({ name }) => name));
  return Object.fromEntries(
    Object.entries(whole).map(([name, dims]) => {
      const [first, ...rest] = dims;
      return [name, isOpen.has(name) && first === batch ? [batch / count, ...rest] : dims];
    }),
  );
}
