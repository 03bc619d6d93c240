import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../../common/package.js';
import { estimateParts, Pipeline } from '../../../coordinator/pipeline/index.js';
import { tempFolder } from '../../support/temp-folder.js';

describe('estimateParts', () => {
  it("notes each part of a call with its runs, time and memory, and gives the pipeline what the part's own shapes are", async () => {
    const workDir = tempFolder();
    const pipeline = await Pipeline.open(join(packageRoot, 'models/emoji'), { threads: 1, workDir });
    try {
      const of = (guidanceScale: number) =>
        estimateParts(pipeline, workDir, (runner) =>
          pipeline.begin({ prompt: 'red apple', guidanceScale }, undefined, runner),
        );
      const guided = await of(4);
      expect(guided.map(({ part, runs, isAfter }) => [part, runs, isAfter])).toEqual([
        ['text_encoder', 2, false],
        ['vae_decoder', 1, true],
      ]);
      for (const { costMs, weightBytes, memoryBytes } of guided) {
        expect(costMs).toBeGreaterThan(0);
        expect(memoryBytes).toBeGreaterThan(weightBytes);
        expect(weightBytes).toBeGreaterThan(1e6);
      }
      const [encoder, decoder] = await of(1);
      expect(encoder?.runs).toBe(1);
      expect(encoder?.costMs).toBeCloseTo((guided[0]?.costMs ?? 0) / 2, 6);
      expect(decoder).toEqual(guided[1]);
    } finally {
      await pipeline.close();
    }
  });
});
