import { expect, it } from 'vitest';
import { declaredInputs } from '../../../cli/bench/index.js';
import { loadProfile } from '../../../execution/declared/index.js';

const profile = await loadProfile('a5000-sdxl');
const device = { ...profile.graph, batch: profile.batch };

it('gives a declared predictor what its profile takes: latents of half the batch with guidance', () => {
  const inputs = declaredInputs({ label: '', device, guidanceScale: 7.5, seed: 0 });
  expect(inputs['sample']).toMatchObject({ dtype: 'float32', dims: [1, 4, 128, 128] });
  expect(inputs['encoder_hidden_states']?.dims[0]).toBe(2);
  expect(inputs).not.toHaveProperty(device.timestepInput);
  const names = device.inputs.map(({ name }) => name).filter((name) => name !== device.timestepInput);
  expect(Object.keys(inputs).sort()).toEqual(names.sort());
});

it('gives it its whole batch without guidance', () => {
  const inputs = declaredInputs({ label: '', device, guidanceScale: 1, seed: 0 });
  expect(inputs['sample']?.dims).toEqual([2, 4, 128, 128]);
});

it('refuses guidance on an odd batch', () => {
  expect(() =>
    declaredInputs({ label: '', device: { ...device, batch: 1 }, guidanceScale: 2, seed: 0 }),
  ).toThrow('batch is 1');
});
