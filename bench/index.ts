export { benchChart, benchChartPng, type ChartOptions } from './chart.js';
export { type BenchConfig, parseConfigs, workersWanted } from './config.js';
export {
  BENCH_SCHEMA,
  type BenchDocument,
  benchDocument,
  type BenchSettings,
  type DocumentInput,
} from './document.js';
export { describeEnvironment, type Environment } from './environment.js';
export { classifyHosts, type HostFacts, type HostSummary } from './hosts.js';
export { benchMarkdown } from './markdown.js';
export { joinTraces, type RoundParts, roundParts } from './round-parts.js';
export { type BenchRow, benchRow } from './row.js';
export {
  type BenchOptions,
  type BenchOutcome,
  configPlan,
  LEAD_IN,
  type Measured,
  runBench,
  sequentialPlan,
} from './run-bench.js';
export { allEqual, type Sample, sameOutput } from './sample.js';
export { median, pairedRatios, type Summary, summarize } from './statistics.js';
export { type WorkerFacts, workerFacts, workerWarnings } from './worker-facts.js';
export {
  type DeclaredInputs,
  declaredDenoise,
  declaredInputs,
  type RunSettings,
  textToImage,
  type Workload,
} from './workload.js';
