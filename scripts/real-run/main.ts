/**
 * Runs a predictor of real size on workers of this machine, with every step in order, and holds the final latents bit for bit against a plain
 * ONNX Runtime session of the untouched file that steps through the same sampler.
 * `npm run real-run -- FOLDER [--components 2,3] [--side 32] [--steps 2] [--scheduler ddim] [--guidance-scale 5] [--threads 1] [--cache DIR] [--again] [--no-plain]`
 *
 * Clusters and plain session run one after another, each in a process of its own, the clusters on one cache. `--again`: the last number of
 * components once more. Prints one JSON document; exits with 1 where latents differ. Linux only.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadModelFile } from '../../common/model-file/index.js';
import { ALLOCATOR_ENVIRONMENT, BULK_NODE_ARGUMENTS } from '../../common/process-tuning.js';
import { clusterRun, type ClusterRunResult } from './cluster-run.js';
import { plainRun, type PlainRunResult } from './plain-run.js';
import type { ProcessMemory } from './process-memory.js';
import { realRunInputs, type RealRunRequest } from './request.js';

type Role = 'cluster' | 'plain';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    components: { type: 'string', default: '2' },
    side: { type: 'string', default: '32' },
    steps: { type: 'string', default: '2' },
    scheduler: { type: 'string' },
    'guidance-scale': { type: 'string', default: '5' },
    threads: { type: 'string', default: '1' },
    cache: { type: 'string' },
    again: { type: 'boolean', default: false },
    'no-plain': { type: 'boolean', default: false },
    // Of the processes that this one starts.
    role: { type: 'string' },
    'timestep-dims': { type: 'string', default: '[]' },
  },
});
const [model] = positionals;
if (model === undefined)
  throw new Error('usage: npm run real-run -- FOLDER [--components 2] [--side 32] [--steps 2]');
const request: RealRunRequest = {
  model,
  components: Number(values.components),
  side: Number(values.side),
  steps: Number(values.steps),
  scheduler: values.scheduler,
  guidanceScale: Number(values['guidance-scale']),
  threads: Number(values.threads),
};

if (values.role === 'cluster')
  console.log(JSON.stringify(await clusterRun(realRunInputs(request), request, values.cache ?? '')));
else if (values.role === 'plain') {
  const dims = JSON.parse(values['timestep-dims']) as number[];
  console.log(JSON.stringify(await plainRun(realRunInputs(request), request, dims)));
} else await compare();

async function compare(): Promise<void> {
  const counts = (values.components ?? '').split(',');
  if (values.again) counts.push(counts.at(-1) as string);
  const cache = values.cache ?? mkdtempSync(join(tmpdir(), 'asyncdiff-real-run-'));
  try {
    const runs: ClusterRunResult[] = [];
    for (const count of counts) {
      const run = await inProcess<ClusterRunResult>('cluster', ['--cache', cache, '--components', count]);
      // At once, for whoever waits, or gives up waiting for the rest.
      console.error(JSON.stringify(readable(run)));
      runs.push(run);
    }
    const dims = ['--timestep-dims', JSON.stringify(runs[0]?.timestepDims)];
    const plain = values['no-plain'] ? undefined : await inProcess<PlainRunResult>('plain', dims);
    const { parts } = loadModelFile(realRunInputs(request).modelPath);
    const modelBytes = parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const answer = plain?.latentsSha256 ?? runs[0]?.latentsSha256;
    const isEqual = runs.every(({ latentsSha256 }) => latentsSha256 === answer);
    const { components: _, ...asked } = request;
    const document = {
      ...asked,
      modelGb: gigabytes(modelBytes),
      isEqual,
      plain,
      runs: runs.map((run) => ({ diskShare: run.cacheBytes / modelBytes, ...readable(run) })),
    };
    console.log(JSON.stringify(document, undefined, 2));
    if (!isEqual) process.exitCode = 1;
  } finally {
    if (values.cache === undefined) rmSync(cache, { recursive: true, force: true });
  }
}

/** Bytes as gigabytes; how much of what its parts need each worker held at most. */
function readable({ workers, coordinator, cacheBytes, artifactBytes, ...rest }: ClusterRunResult) {
  return {
    ...rest,
    artifactGb: gigabytes(artifactBytes),
    cacheGb: gigabytes(cacheBytes),
    coordinator: memoryOf(coordinator),
    workers: workers.map(({ memory, weightBytes, activationBytes, estimatedBytes, ...worker }) => ({
      ...worker,
      ...memoryOf(memory),
      weightsGb: gigabytes(weightBytes),
      activationsGb: gigabytes(activationBytes),
      estimatedGb: gigabytes(estimatedBytes),
      peakOverNeeded: Number((memory.peakBytes / (weightBytes + activationBytes)).toFixed(2)),
    })),
  };
}

function memoryOf({ peakBytes, peakAnonymousBytes, residentBytes, anonymousBytes }: ProcessMemory) {
  return {
    peakGb: gigabytes(peakBytes),
    peakAnonymousGb: gigabytes(peakAnonymousBytes),
    atTheEndGb: gigabytes(residentBytes),
    anonymousAtTheEndGb: gigabytes(anonymousBytes),
  };
}

function gigabytes(bytes: number): number {
  return Number((bytes / 1e9).toFixed(3));
}

/** Runs a role in a process of its own; what it printed last. */
async function inProcess<T>(role: Role, more: readonly string[]): Promise<T> {
  const child = spawn(
    process.execPath,
    [
      ...BULK_NODE_ARGUMENTS,
      fileURLToPath(import.meta.url),
      ...process.argv.slice(2),
      '--role',
      role,
      ...more,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...ALLOCATOR_ENVIRONMENT } },
  );
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  const last = said.trim().split('\n').at(-1);
  if (code !== 0 || last === undefined) throw new Error(`${role} ended with ${code}: ${said}`);
  return JSON.parse(last) as T;
}
