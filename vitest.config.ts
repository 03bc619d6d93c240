import { defineConfig } from 'vitest/config';
import { ProcessesFirst } from './test/support/processes-first.js';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['dist/**', 'node_modules/**'],
    // A file has a process of its own, beside those that it starts; two at a time are what two cores can do.
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: ProcessesFirst },
    // As the command line does: grpc-js would print what it also throws.
    env: { GRPC_VERBOSITY: 'NONE' },
    // Every test has an end; one that comes to it says what its processes wait for.
    setupFiles: ['test/support/hang-report.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
