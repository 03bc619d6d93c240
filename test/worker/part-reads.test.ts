import { describe, expect, it } from 'vitest';
import { zeros } from '../../common/tensor/index.js';
import type { SegmentSpec } from '../../execution/index.js';
import { PartReads } from '../../worker/conversation/part-reads.js';

const segment: SegmentSpec = {
  id: '2.1',
  component: 2,
  index: 0,
  session: '2.1',
  microBatch: 0,
  microBatches: 1,
  sha256: '',
  sizeBytes: 0,
  inputs: [
    { name: 'sample', dtype: 'float16', dims: [2, 4, 8, 8] },
    { name: 'h', dtype: 'float16', dims: [2, 320, 8, 8] },
  ],
  outputs: [{ name: 'out', dtype: 'float16', dims: [2, 4, 8, 8] }],
  sampleInput: 'sample',
  timestepInput: '',
  conditioning: [],
  localReads: [],
  boundaryReads: ['h'],
  localWrites: [],
  boundaryWrites: [],
  output: 'out',
  declaredMs: 0,
};

describe('of what others send, memory is taken for', () => {
  const reads = new PartReads([segment], (name) => name === 'handed');

  it('what the session reads, to the byte', () => {
    expect(reads.maxBytes('h')).toBe(2 * 320 * 64 * 2);
    expect(reads.wrong(zeros('float16', [2, 320, 8, 8]), 'h', 'w1')).toBeUndefined();
    expect(reads.wrong(zeros('float32', [2, 320, 8, 8]), 'h', 'w1')).toMatchObject({ code: 'worker_failed' });
  });

  it('latents, as wide as a sampler may have them', () => {
    expect(reads.maxBytes('asyncdiff:latents+1')).toBe(2 * 4 * 64 * 8);
  });

  it('no more than the largest of these where it is only handed on', () => {
    expect(reads.maxBytes('handed')).toBe(2 * 320 * 64 * 2);
  });

  it('nothing that nobody reads', () => {
    expect(reads.maxBytes('out')).toBe(0);
    expect(reads.wrong(zeros('float16', [1]), 'out', 'w1')).toMatchObject({ code: 'worker_failed' });
    const without = new PartReads([{ ...segment, sampleInput: '' }], () => false);
    expect(without.maxBytes('asyncdiff:latents')).toBe(0);
  });
});
