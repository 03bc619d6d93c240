import { defineConfig } from 'vitest/config';
import { compiledProduct } from './test/support/compiled-product.js';
import { ProcessesFirst } from './test/support/processes-first.js';

/** Tests that measure their own process: what another file has left in it would count. */
const MEASURED = [
  'test/e2e/limits.test.ts',
  'test/fuzz/*.test.ts',
  'test/planner/model/{huge-constants,model-file}.test.ts',
];

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
    setupFiles: ['test/support/hang-report.ts', 'test/support/leave-nothing.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    projects: [
      // A process runs one file after another: starting it and loading the product takes longer than most files.
      {
        extends: true,
        test: { name: 'house', include: ['test/**/*.test.ts'], exclude: MEASURED, isolate: false },
      },
      { extends: true, test: { name: 'measured', include: MEASURED } },
    ],
  },
});
