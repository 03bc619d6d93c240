import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TorchGenerator } from '../../common/random/index.js';
import { type DelayProxy, startDelayProxy } from '../../scripts/delay-proxy.js';
import { expectSameRun } from '../support/bits.js';
import { TestCluster } from '../support/cluster.js';
import { type DenoiseSubject, runDistributed } from '../support/denoise-settings.js';
import { writeModel } from '../support/onnx-builder.js';
import { Reference } from '../support/reference.js';
import { SMALL_SCHEDULER, smallCuts, smallInputs, smallPredictor } from '../support/small-predictor.js';

const MIB = 2 ** 20;
/** Boundary tensors of 1.1 MiB: larger than what may be on its way between two workers. */
const SIDE = 192;
const RELAYED_BYTES = 2 * MIB;

let folder: string;
let cluster: TestCluster;
let proxy: DelayProxy;
let subject: DenoiseSubject;
let reference: Reference;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'asyncdiff-relay-'));
  cluster = await TestCluster.start({ workers: 2, coordinator: { relayedBytes: RELAYED_BYTES } });
  proxy = await startDelayProxy({
    to: cluster.coordinator.address,
    delayMs: 2,
    bytesPerSecond: 8 * MIB,
  });
  cluster.addWorker('w3', ['--join', proxy.address]);
  await cluster.waitFor(3);
  const modelPath = writeModel(smallPredictor({ side: SIDE }), folder);
  subject = {
    modelPath,
    modelSha256: await cluster.client.uploadModel(modelPath),
    schedulerConfig: SMALL_SCHEDULER,
    inputs: { ...smallInputs(), sample: new TorchGenerator(1).randn([1, 4, SIDE, SIDE]) },
    workDir: join(cluster.cacheDir, 'plans'),
  };
  reference = new Reference(subject);
});
afterAll(async () => {
  await reference.close();
  await proxy.close();
  await cluster.stop();
  rmSync(folder, { recursive: true, force: true });
});

it("every pair relayed, stride 2, lag 2, one worker behind a slow link: tensors wait at their producers, and the bits are the reference's", async () => {
  const settings = {
    components: 3,
    cuts: smallCuts(3),
    dataPath: 'relay' as const,
    stride: 2,
    lag: 2 as const,
    warmUp: 1,
    microCuts: 1,
    lookAhead: 'off' as const,
    recompute: 'off' as const,
    numInferenceSteps: 5,
  };
  const distributed = await runDistributed(cluster.client, subject, settings);
  expectSameRun(distributed, await reference.run(settings));
  const { relayMeter } = cluster.coordinator.deployments;
  const relayed = distributed.done?.report.bytesBetweenWorkers ?? 0;
  expect(relayed).toBeGreaterThan(2 * RELAYED_BYTES);
  expect(relayMeter.peakBytes).toBeGreaterThan(RELAYED_BYTES / 4);
  expect(relayMeter.peakBytes).toBeLessThanOrEqual(RELAYED_BYTES);
  expect(relayMeter.heldBytes).toBe(0);
});
