import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['dist/**', 'node_modules/**'],
    // Real processes on a two-core machine: one test file at a time keeps timings honest.
    pool: 'forks',
    maxWorkers: 2,
    // As the command line does: grpc-js would print what it also throws.
    env: { GRPC_VERBOSITY: 'NONE' },
    // Every test has an end; one that comes to it says what its processes wait for.
    setupFiles: ['test/support/hang-report.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
