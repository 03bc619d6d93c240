import { expect, it } from 'vitest';
import { randn } from '../../common/random/index.js';
import { createSampler, keepRegion } from '../../samplers/index.js';

const CONFIG = { _class_name: 'DDIMScheduler', clip_sample: false };

it('draws what the mask covers as without it, and ends with the picture where it does not', () => {
  const values = (seed: number): Float32Array => randn(seed, [32]).data as Float32Array;
  const [original, noise, output] = [values(1), values(2), values(3)];
  const mask = Float32Array.from({ length: 32 }, (_, i) => i % 2);
  const plain = createSampler(CONFIG, 4);
  const keeping = keepRegion(createSampler(CONFIG, 4), { mask, original, noise });
  let sample = values(4);
  for (let call = 0; call < keeping.numCalls; call += 1) {
    const expected = plain.step(output, call, sample);
    const next = keeping.step(output, call, sample);
    const isLast = call + 1 === keeping.numCalls;
    const proper = isLast ? original : plain.addNoise(original, noise, call + 1);
    expect([...next]).toEqual([...expected].map((value, i) => (mask[i] === 1 ? value : proper[i])));
    sample = next;
  }
  expect(keeping.history()).toEqual(plain.history());
});

it('predicts what is kept exactly, and the rest as without it', () => {
  const values = (seed: number): Float32Array => randn(seed, [32]).data as Float32Array;
  const [original, noise, quantity, start] = [values(1), values(2), values(3), values(4)];
  const mask = Float32Array.from({ length: 32 }, (_, i) => i % 2);
  const plain = createSampler(CONFIG, 6);
  const keeping = keepRegion(createSampler(CONFIG, 6), { mask, original, noise });
  const [alone, ahead] = [plain.lookAhead.start(), keeping.lookAhead.start()];
  let sample = start;
  for (let call = 0; call + 1 < keeping.numCalls; call += 1) {
    const next = ahead.predictNext(sample, quantity, call);
    const drawn = alone.predictNext(sample, quantity, call);
    const kept = plain.addNoise(original, noise, call + 1);
    expect([...next]).toEqual([...drawn].map((value, i) => (mask[i] === 1 ? value : kept[i])));
    sample = next;
  }
});
