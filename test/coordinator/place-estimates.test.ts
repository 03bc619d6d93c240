import { expect, it } from 'vitest';
import { placeEstimates } from '../../coordinator/deployment/index.js';
import type { PartEstimate } from '../../coordinator/pipeline/index.js';

const GB = 1e9;

function part(name: string, memoryBytes: number, isAfter = false): PartEstimate {
  return { part: name, runs: 1, costMs: 1, weightBytes: memoryBytes / 2, memoryBytes, isAfter };
}

function memory(total: number) {
  return { weights: total, activations: 0, overhead: 0, total };
}

const workers = ['a', 'b'].map((id) => ({ id, memoryBytes: 8 * GB }));
const plan = { memory: [memory(6 * GB), memory(3 * GB)], placement: [['a'], ['b']] };

it('what stands before the predictor spreads over free workers, what stands after it goes where its component leaves room', () => {
  const parts = [
    part('vae_decoder', 2 * GB, true),
    part('text_encoder', 2 * GB),
    part('text_encoder_2', 3 * GB),
  ];
  expect([...placeEstimates(parts, workers, plan)]).toEqual([
    ['text_encoder', 'a'],
    ['text_encoder_2', 'b'],
    ['vae_decoder', 'b'],
  ]);
});

it('a part that no worker has the memory for stands nowhere', () => {
  const parts = [part('text_encoder', 9 * GB), part('vae_decoder', 5.5 * GB, true)];
  expect([...placeEstimates(parts, workers, plan)]).toEqual([]);
  const roomy = [...workers, { id: 'c', memoryBytes: 10 * GB }];
  expect([...placeEstimates(parts, roomy, plan)]).toEqual([
    ['text_encoder', 'c'],
    ['vae_decoder', 'c'],
  ]);
});
