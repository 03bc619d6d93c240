import { defineConfig } from 'vitest/config';
import { compiledProduct } from './test/support/compiled-product.js';
import { ProcessesFirst } from './test/support/processes-first.js';

/** Tests of logic alone: they start nothing and leave nothing, so a process runs one file after another. */
const PURE = ['common', 'samplers', 'program', 'execution', 'planner/{choice,search,simulator}'].map(
  (folder) => `test/${folder}/**/*.test.ts`,
);

export default defineConfig({
  plugins: [compiledProduct(import.meta.dirname)],
  test: {
    pool: 'forks',
    // One more than the two cores that this is measured on: tests of processes wait for a third of their time.
    maxWorkers: 3,
    server: { deps: { external: [/\/dist\//] } },
    sequence: { sequencer: ProcessesFirst },
    // As the command line does: grpc-js would print what it also throws.
    env: { GRPC_VERBOSITY: 'NONE' },
    // Every test has an end; one that comes to it says what its processes wait for.
    setupFiles: ['test/support/hang-report.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    projects: [
      // A file has a process of its own, beside those that it starts.
      { extends: true, test: { name: 'house', include: ['test/**/*.test.ts'], exclude: PURE } },
      { extends: true, test: { name: 'pure', include: PURE, isolate: false } },
    ],
  },
});
