import { expect, it } from 'vitest';
import type { PredictorDescription } from '../../planner/model/index.js';
import { microBatchShapes } from '../../planner/micro-batch-shapes.js';

const value = (name: string, dims: readonly (string | number)[]) => ({
  name,
  dtype: 'float32' as const,
  dims,
});

function predictor(batch: string | number): PredictorDescription {
  const sample = value('hidden_states', [batch, 4, 'height', 'width']);
  const timestep = value('timestep', ['steps']);
  const conditioning = [value('encoder_hidden_states', ['n', 77, 768]), value('table', [2, 5])];
  const output = value('out', [batch, 4, 'height', 'width']);
  return {
    inputs: [sample, timestep, ...conditioning],
    outputs: [output],
    sample,
    timestep,
    conditioning,
    output,
    opset: 17,
  };
}

const WHOLE = { sample: [4, 4, 8, 8], encoder_hidden_states: [4, 77, 768], table: [2, 5] };

it('divides what is open and as long as the batch, under the names that the model has', () => {
  expect(microBatchShapes(predictor('batch'), WHOLE, 2)).toEqual({
    hidden_states: [2, 4, 8, 8],
    encoder_hidden_states: [2, 77, 768],
    table: [2, 5],
  });
});

it('leaves one micro-batch as it is', () => {
  const { sample, ...others } = WHOLE;
  expect(microBatchShapes(predictor('batch'), WHOLE, 1)).toEqual({ hidden_states: sample, ...others });
  expect(microBatchShapes(predictor(4), { hidden_states: [4, 4, 8, 8] }, 1)).toEqual({
    hidden_states: [4, 4, 8, 8],
  });
});

it.each([
  ['a batch that the model fixes', 4, 2, 'the model takes a batch of 4 only'],
  ['a batch that cannot be divided', 'batch', 3, 'a batch of 4 cannot be divided by it'],
] as const)('refuses %s', (_name, batch, count, message) => {
  expect(() => microBatchShapes(predictor(batch), WHOLE, count)).toThrow(
    expect.objectContaining({ code: 'invalid_settings', message: expect.stringContaining(message) }),
  );
});
