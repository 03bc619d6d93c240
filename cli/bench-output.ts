import { join } from 'node:path';
import {
  benchChart,
  benchChartPng,
  type BenchDocument,
  benchMarkdown,
  type BenchOutcome,
  joinTraces,
} from './bench/index.js';
import { AsyncDiffError } from '../common/errors/index.js';
import { encodePng, type RgbImage } from '../common/image/index.js';
import {
  qualityChart,
  qualityChartPng,
  type QualityDocument,
  qualityMarkdown,
} from './quality-bench/index.js';
import { type CommandIo, writeJson } from './io.js';
import { writeWhole } from '../common/write-whole.js';
import type { ProgressLine } from './progress.js';
import { writeTrace } from './write-trace.js';

/** Says what was measured, then throws what ended it, or `results_differ`. */
export async function tellBench(
  flags: { readonly out?: string; readonly traceFile?: string; readonly json?: boolean },
  io: CommandIo,
  progress: ProgressLine,
  outcome: BenchOutcome,
  document: BenchDocument,
): Promise<void> {
  if (flags.out !== undefined) {
    for (const path of await writeBench(flags.out, document)) progress.note(path);
  }
  if (flags.traceFile !== undefined) {
    const traces = outcome.measured.flatMap(({ config, traced }) =>
      traced === undefined ? [] : [{ name: config.name, trace: traced.trace }],
    );
    await writeTrace(flags.traceFile, joinTraces(traces));
  }
  if (flags.json === true) writeJson(io, document);
  else io.stdout.write(benchMarkdown(document));
  for (const warning of document.warnings) progress.note(`warning: ${warning}`);
  if (outcome.error !== undefined) throw outcome.error;
  const differing = document.rows.filter(({ equal_across_repeats: equal }) => !equal);
  if (differing.length > 0) {
    throw new AsyncDiffError(
      'results_differ',
      `runs of the same plan, seed and prompt gave different outputs: ${differing.map(({ config }) => config).join(', ')}`,
    );
  }
}

/** Writes bench.json, bench.md, bench.svg and bench.png; their paths. */
async function writeBench(folder: string, document: BenchDocument): Promise<string[]> {
  const files: Readonly<Record<string, string | Uint8Array>> = {
    'bench.json': `${JSON.stringify(document, undefined, 2)}\n`,
    'bench.md': benchMarkdown(document),
    'bench.svg': benchChart(document, { text: 'font' }),
    'bench.png': await benchChartPng(document),
  };
  return writeFiles(folder, files);
}

/** Writes quality.json, quality.md, quality.svg, quality.png, quality-ideal.svg and the pictures as quality-pictures.png; their paths. */
export async function writeQuality(
  folder: string,
  document: QualityDocument,
  grid: RgbImage | undefined,
): Promise<string[]> {
  const files: Readonly<Record<string, string | Uint8Array>> = {
    'quality.json': `${JSON.stringify(document, undefined, 2)}\n`,
    'quality.md': qualityMarkdown(document),
    'quality.svg': qualityChart(document, { text: 'font', speed: 'measured' }),
    'quality.png': await qualityChartPng(document, 'measured'),
    'quality-ideal.svg': qualityChart(document, { text: 'font', speed: 'ideal' }),
    ...(grid === undefined ? {} : { 'quality-pictures.png': await encodePng(grid) }),
  };
  return writeFiles(folder, files);
}

async function writeFiles(
  folder: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<string[]> {
  const paths: string[] = [];
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    await writeWhole(path, content);
    paths.push(path);
  }
  return paths;
}
