import { join } from 'node:path';
import { benchChart, benchChartPng, type BenchDocument, benchMarkdown } from './bench/index.js';
import { encodePng, type RgbImage } from '../common/image/index.js';
import {
  qualityChart,
  qualityChartPng,
  type QualityDocument,
  qualityMarkdown,
} from './quality-bench/index.js';
import { writeWhole } from './output.js';

/** Writes bench.json, bench.md, bench.svg and bench.png; their paths. */
export async function writeBench(folder: string, document: BenchDocument): Promise<string[]> {
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
