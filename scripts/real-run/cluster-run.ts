import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { inputShapesOf, guidanceOf } from '../../common/guidance/index.js';
import type { PlanDocument, RunReport } from '../../client/index.js';
import { LocalCluster } from '../../client/local/index.js';
import { MemoryWatch, type ProcessMemory } from './process-memory.js';
import type { RealRunInputs, RealRunRequest } from './request.js';

/** Bytes of a block of a file in `stat`. */
const BLOCK_BYTES = 512;

/** What one worker held. */
interface WorkerRun {
  readonly components: readonly number[];
  readonly memory: ProcessMemory;
  /** What the plan says of its parts, bytes. */
  readonly weightBytes: number;
  readonly activationBytes: number;
  readonly estimatedBytes: number;
  readonly sentBytes: number;
  readonly computeSeconds: number;
}

export interface ClusterRunResult {
  readonly latentsSha256: string;
  readonly planId: string;
  readonly shape: string;
  readonly cuts: readonly string[];
  readonly rounds: number;
  readonly secondsPerRound: number;
  /** From the request to the first round. */
  readonly untilFirstRoundSeconds: number;
  /** Of that, by stage of preparing. */
  readonly stageSeconds: Readonly<Record<string, number>>;
  readonly bytesBetweenWorkers: number;
  /** What was sent of graphs and weights; 0 where workers read the model's files themselves. */
  readonly artifactBytes: number;
  /** Coordinator and client are one process. */
  readonly coordinator: ProcessMemory;
  readonly workers: readonly WorkerRun[];
  /** Below the cache folder, when the run was over. */
  readonly cacheBytes: number;
  readonly timestepDims: readonly number[];
}

/** Coordinator, workers and client on this machine, the coordinator in this process: one job, all its steps in order. */
export async function clusterRun(
  { modelPath, predictor, sampler, schedulerConfig, inputs }: RealRunInputs,
  { components, steps, scheduler, guidanceScale, threads }: RealRunRequest,
  cacheDir: string,
): Promise<ClusterRunResult> {
  await using cluster = await LocalCluster.start({
    workers: components,
    threads,
    cacheDir,
    stderr: process.stderr,
  });
  const { client } = cluster;
  const watch = new MemoryWatch([process.pid, ...cluster.pids]);
  try {
    const beganMs = performance.now();
    const modelSha256 = await cluster.addModel(modelPath);
    const plan = { components, warmUp: sampler.numCalls };
    const job = client.denoise({
      modelSha256,
      schedulerConfig,
      scheduler,
      numInferenceSteps: steps,
      guidanceScale,
      inputs,
      plan,
    });
    const stages = new Stages(beganMs);
    let artifactBytes = 0;
    for await (const event of job) {
      if (event.type === 'planned') stages.end();
      if (event.type !== 'preparing') continue;
      stages.at(event.stage);
      if (event.stage === 'send') artifactBytes = Math.max(artifactBytes, event.bytes?.totalBytes ?? 0);
    }
    const { report } = await job.result();
    const [coordinator, ...memories] = [process.pid, ...cluster.pids].map((pid) => watch.of(pid));
    const { sample, ...conditioning } = inputs;
    const document = await client.plan({
      modelSha256,
      inputShapes: inputShapesOf(sample?.dims ?? [], conditioning, guidanceOf(guidanceScale)),
      plan,
    });
    return {
      latentsSha256: report.latentsSha256,
      planId: report.planId,
      shape: document.shape,
      cuts: report.cuts,
      rounds: report.rounds,
      secondsPerRound: report.seconds / report.rounds,
      untilFirstRoundSeconds: stages.totalSeconds,
      stageSeconds: stages.seconds,
      bytesBetweenWorkers: report.bytesBetweenWorkers,
      artifactBytes,
      coordinator: coordinator as ProcessMemory,
      workers: report.workers.map((worker) => workerRun(worker, document, memories)),
      cacheBytes: folderBytes(cacheDir),
      timestepDims: document.inputs.find(({ name }) => name === predictor.timestep.name)?.dims ?? [],
    };
  } finally {
    watch.stop();
  }
}

/** @param memories of the worker processes, in the order of their names */
function workerRun(
  worker: RunReport['workers'][number],
  document: PlanDocument,
  memories: readonly (ProcessMemory | undefined)[],
): WorkerRun {
  const parts = document.memory.filter(({ component }) => worker.components.includes(component));
  const sum = (key: 'weight_bytes' | 'activation_bytes' | 'total_bytes'): number =>
    parts.reduce((total, part) => total + part[key], 0);
  return {
    components: worker.components,
    memory: memories[Number(worker.name.replace('local-', '')) - 1] as ProcessMemory,
    weightBytes: sum('weight_bytes'),
    activationBytes: sum('activation_bytes'),
    estimatedBytes: sum('total_bytes'),
    sentBytes: worker.sentBytes,
    computeSeconds: worker.computeMs / 1000,
  };
}

/** Where the time before the first round goes. */
class Stages {
  readonly seconds: Record<string, number> = {};
  totalSeconds = 0;
  readonly #beganMs: number;
  #stage = 'begin';
  #sinceMs: number;

  constructor(beganMs: number) {
    this.#beganMs = beganMs;
    this.#sinceMs = beganMs;
  }

  at(stage: string): void {
    const nowMs = performance.now();
    this.seconds[this.#stage] = (this.seconds[this.#stage] ?? 0) + (nowMs - this.#sinceMs) / 1000;
    this.#stage = stage;
    this.#sinceMs = nowMs;
  }

  end(): void {
    this.at('');
    this.totalSeconds = (performance.now() - this.#beganMs) / 1000;
  }
}

/** What a folder takes on its disk. */
function folderBytes(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).reduce(
    (sum, name) => sum + lstatSync(join(folder, name)).blocks * BLOCK_BYTES,
    0,
  );
}
