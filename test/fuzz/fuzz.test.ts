import * as fc from 'fast-check';
import { afterAll, describe, it } from 'vitest';
import { mutated } from './mutations.js';
import { allTargets } from './run-fuzz.js';
import { readOne } from './target.js';

/** Of each reader; `npm run fuzz` gives them a million in all. */
const INPUTS = 150;
const targets = await allTargets();

afterAll(async () => {
  for (const { close } of targets) await close?.();
});

describe('whatever it is given, what reads from a file or from the network answers with a value or an error with a code', () => {
  it.each(targets)('$name', async (target) => {
    const numRuns = Math.max(5, Math.ceil(INPUTS * Math.min(1, target.share)));
    await fc.assert(
      fc.asyncProperty(mutated(target.valid), (input) => readOne(target, input)),
      { numRuns },
    );
  });
});
