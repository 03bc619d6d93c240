import { describe, expect, it } from 'vitest';
import { describePredictor, resolveShapes } from '../../../planner/model/index.js';
import { node, predictor, value } from '../../support/onnx-builder.js';

const model = predictor([node('Sigmoid', ['sample'], ['out_sample'])]);
const found = describePredictor(model);

describe('resolveShapes', () => {
  it('takes open dimensions from the inputs that are given', () => {
    expect(resolveShapes(found, { sample: [3, 4, 8, 8] }).map(({ name, dims }) => [name, dims])).toEqual([
      ['sample', [3, 4, 8, 8]],
      ['timestep', [1]],
      ['encoder_hidden_states', [3, 5, 6]],
    ]);
  });

  it('gives the timestep the batch where the model says that it has it', () => {
    const batched = predictor([node('Sigmoid', ['sample'], ['out_sample'])]);
    batched.graph!.input![1] = value('timestep', ['batch'], 7);
    const specs = resolveShapes(describePredictor(batched), { sample: [2, 4, 8, 8] });
    expect(specs.find(({ name }) => name === 'timestep')?.dims).toEqual([2]);
  });

  it.each([
    [{ sample: [2, 4, 8] }, /input sample: expected float32\[batch,4,8,8\], given \[2,4,8\]/],
    [{ sample: [2, 3, 8, 8] }, /input sample: expected .*given \[2,3,8,8\]/],
    [{ sample: [0, 4, 8, 8] }, /given \[0,4,8,8\]/],
    [
      { sample: [2, 4, 8, 8], encoder_hidden_states: [1, 5, 6] },
      /encoder_hidden_states: expected batch = 2 as in sample/,
    ],
    [{ sample: [2, 4, 8, 8], context: [1] }, /no input context; it has sample, timestep/],
    [{}, /input sample: its shape is needed/],
  ])('refuses %j', (shapes, message) => {
    expect(() => resolveShapes(found, shapes as Record<string, number[]>)).toThrow(message);
  });
});
