import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { protoPath as healthProtoPath } from 'grpc-health-check';
import { afterAll, beforeAll } from 'vitest';
import type { AsyncDiffClient } from '../../client/index.js';
import { type coordinatorService, unary } from '../../rpc/index.js';
import { CliProcess } from './child.js';
import { type SmallFiles, SMALL_SCHEDULER, smallInputs, writeSmallFiles } from './small-predictor.js';

/** Of the file that runs. */
export let folder: string;

export let files: SmallFiles;

/** Gives a test file its folder and its model, and takes them away after it. */
export function useFolder(): void {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'asyncdiff-lifecycle-'));
    files = await writeSmallFiles(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
}

export function cache(): string[] {
  return ['--cache', join(folder, 'cache')];
}

/** As many steps as there are: such a job ends only if it is told to. */
export function longDenoise(flags: readonly string[]): string[] {
  return [
    'denoise',
    ...files.flags,
    '--num-inference-steps',
    '990',
    '--out',
    join(folder, 'long.npy'),
    ...flags,
  ];
}

export async function startServe(
  flags: readonly string[] = [],
): Promise<{ serve: CliProcess; address: string }> {
  const serve = new CliProcess(['serve', '--listen', '127.0.0.1:0', ...cache(), ...flags]);
  return { serve, address: (await serve.ready()).address };
}

export async function startWorker(address: string, name: string): Promise<CliProcess> {
  const worker = new CliProcess([
    'worker',
    '--join',
    address,
    '--name',
    name,
    '--threads',
    '1',
    '--exit-with-stdin',
    ...cache(),
  ]);
  await worker.until(() => worker.stderr.includes('"joined"'), 'join');
  return worker;
}

export async function smallJob(client: AsyncDiffClient, numInferenceSteps: number, signal?: AbortSignal) {
  const modelSha256 = await client.uploadModel(files.model);
  return {
    modelSha256,
    schedulerConfig: SMALL_SCHEDULER,
    inputs: smallInputs(),
    numInferenceSteps,
    sendSteps: true,
    plan: { components: 1 },
    signal,
  };
}

export async function health(address: string, service = ''): Promise<string> {
  const definition = loadSync(healthProtoPath, { enums: String })[
    'grpc.health.v1.Health'
  ] as unknown as Record<string, unknown>;
  const client = new Client(address, credentials.createInsecure());
  try {
    const check = definition['Check'] as ReturnType<typeof coordinatorService>['GetStatus'];
    const answer = await unary(client, check, { service }, { deadlineMs: 5_000 });
    return (answer as unknown as { status: string }).status;
  } finally {
    client.close();
  }
}

/** Ids of a command's local workers; it may have a planning process beside them. */
export function workersOf(pid: number): number[] {
  const text = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(pid)], { encoding: 'utf8' });
  return text
    .split('\n')
    .filter((line) => line.includes(' worker '))
    .map((line) => Number.parseInt(line, 10));
}
