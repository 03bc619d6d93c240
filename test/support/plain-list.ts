import * as ort from 'onnxruntime-node';
import { expect } from 'vitest';
import type { Tensor } from '../../common/tensor/index.js';
import { expectSameBits } from './bits.js';
import type { ListModel } from './list-models.js';

export type Named = Readonly<Record<string, Tensor>>;

/** The file as it is, item after item. */
export async function plainly(
  modelPath: string,
  { items, inputs, states }: ListModel,
): Promise<{ outputs: Named[]; states: Named }> {
  const session = await ort.InferenceSession.create(modelPath, {
    graphOptimizationLevel: 'extended',
    intraOpNumThreads: 1,
  });
  const carried: Record<string, Tensor> = { ...inputs };
  for (const { input } of states)
    carried[input] ??= { dtype: 'float32', dims: [1, 2, 8, 8], data: new Float32Array(128) };
  const outputs: Named[] = [];
  let last: Named = {};
  for (const item of items) {
    const feeds = Object.entries({ ...carried, ...item }).map(([name, { dtype, dims, data }]) => [
      name,
      new ort.Tensor(dtype as 'float32', data as Float32Array, [...dims]),
    ]);
    const results = await session.run(Object.fromEntries(feeds) as Record<string, ort.Tensor>);
    const made = Object.fromEntries(
      Object.entries(results).map(([name, { type, dims, data }]) => [
        name,
        { dtype: type, dims, data } as unknown as Tensor,
      ]),
    );
    for (const { output, input } of states) carried[input] = made[output] as Tensor;
    const isState = (name: string): boolean => states.some(({ output }) => output === name);
    const pick = (wanted: boolean): Named =>
      Object.fromEntries(Object.entries(made).filter(([name]) => isState(name) === wanted));
    outputs.push(pick(false));
    last = pick(true);
  }
  await session.release();
  return { outputs, states: last };
}

export function expectSame(given: Named, expected: Named, what: string): void {
  expect(Object.keys(given).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, tensor] of Object.entries(expected)) {
    expect(given[name]?.dtype).toBe(tensor.dtype);
    expectSameBits(given[name] as Tensor, tensor, `${name}, ${what}`);
  }
}
