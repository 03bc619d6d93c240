import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_TURNS } from '../../coordinator/deployment/recut.js';
import { bytesOf } from '../support/bits.js';
import { denoiseOn, type DoneEvent, TestCluster } from '../support/cluster.js';
import { writeModel } from '../support/onnx-builder.js';
import { SMALL_SCHEDULER, smallInputs, smallPredictor } from '../support/small-predictor.js';

let folder: string;
let modelPath: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'asyncdiff-recut-'));
  modelPath = writeModel(smallPredictor(), folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Jobs on a coordinator with two workers, which both begin, and end when the jobs are done. */
async function jobs(count: number, recut: 'auto' | 'on'): Promise<DoneEvent[]> {
  const cluster = await TestCluster.start({ workers: 2, cacheDir: join(folder, 'cache') });
  try {
    const modelSha256 = await cluster.client.uploadModel(modelPath);
    const request = {
      modelSha256,
      schedulerConfig: SMALL_SCHEDULER,
      inputs: smallInputs(),
      numInferenceSteps: 6,
    };
    const done: DoneEvent[] = [];
    for (let job = 0; job < count; job++)
      done.push((await denoiseOn(cluster.client, { ...request, plan: { components: 2, recut } })).done);
    return done;
  } finally {
    await cluster.stop();
  }
}

describe('cutting again on measured times', () => {
  it('happens once: later jobs, and those of a coordinator started anew, have the cut and the bits of the first', async () => {
    const [first, second] = await jobs(2, 'on');
    const [third] = await jobs(1, 'on');
    for (const { latents, report } of [second, third] as DoneEvent[]) {
      expect(report.planId).toBe(first?.report.planId);
      expect(report.cuts).toEqual(first?.report.cuts);
      expect(report.recutTurns).toBe(first?.report.recutTurns);
      expect(bytesOf(latents)).toEqual(bytesOf((first as DoneEvent).latents));
    }
    const { settings, recutTurns, workers } = (third as DoneEvent).report;
    expect(settings.recut).toBe('on');
    expect(recutTurns).toBeLessThanOrEqual(MAX_TURNS);
    for (const share of ['plannedShare', 'measuredShare'] as const)
      expect(workers.reduce((sum, worker) => sum + worker[share], 0)).toBeCloseTo(1, 6);
  });

  it('is left to be asked for where workers share a processor', async () => {
    const [job] = await jobs(1, 'auto');
    expect(job?.report.settings.recut).toBe('off');
    expect(job?.report.recutTurns).toBe(0);
  });
});
