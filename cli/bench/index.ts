export { benchChart, benchChartPng } from './chart.js';
export { type BenchConfig, CONFIG_GRAMMAR, parseConfigs, workersWanted } from './config.js';
export { benchDocument, type BenchDocument, type DocumentInput } from './document.js';
export { describeEnvironment } from './environment.js';
export { classifyHosts } from './hosts.js';
export { benchMarkdown, markdownTable } from './markdown.js';
export { joinTraces, roundParts } from './round-parts.js';
export { benchRow, type BenchRow } from './row.js';
export {
  type BenchOptions,
  type BenchOutcome,
  configPlan,
  LEAD_IN,
  type MeasuredConfig,
  runBench,
  sequentialPlan,
} from './run-bench.js';
export { type Sample, undilatedSeconds } from './sample.js';
export { SvgCanvas, type TextMode } from './svg-canvas.js';
export { pairedRatios, summarize } from './statistics.js';
export { benchWorkers, type BenchWorker, workerWarnings } from './bench-worker.js';
export { declaredDenoise, declaredInputs, type RunSettings, textToImage, type Workload } from './workload.js';
