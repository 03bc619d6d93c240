import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach } from 'vitest';
import type { DenoiseOptions } from '../../client/index.js';
import type { CoordinatorOptions } from '../../coordinator/index.js';
import { FaultyLink } from '../../scripts/chaos/faulty-link.js';
import { TestCluster } from './cluster.js';
import { writeModel } from './onnx-builder.js';
import { SMALL_SCHEDULER, smallInputs, smallPredictor } from './small-predictor.js';

export const CUTS: readonly string[] = ['middle'];
/** Of a job that is over before anything can be done to it. */
const SHORT_STEPS = 4;
/** Tensors go where a proxy stands. */
const BY_NETWORK = ['--shared-memory', 'off'];
/** Limits that a test can wait for, and that an honest worker keeps on a busy machine. */
const SHORT_LIMITS_MS = { deploy: 4_000, start: 2_000, end: 2_000, round: 3_000, ask: 2_000 };

type Close = () => void | Promise<void>;

/** What a test breaks, closed after it, in a folder of its file. */
export class BreakableSetting {
  readonly folder = mkdtempSync(join(tmpdir(), 'asyncdiff-hangs-'));
  #closing: Close[] = [];

  constructor() {
    afterAll(() => rmSync(this.folder, { recursive: true, force: true }));
    afterEach(async () => {
      for (const close of this.#closing.reverse()) await close();
      this.#closing = [];
    });
  }

  afterwards(close: Close): void {
    this.#closing.push(close);
  }

  async start(
    workers: number,
    options: Pick<CoordinatorOptions, 'metrics' | 'limitsMs' | 'maxMessageBytes'> = {},
  ): Promise<{ cluster: TestCluster; job: (steps?: number) => DenoiseOptions }> {
    const cluster = await TestCluster.start({
      workers,
      workerFlags: BY_NETWORK,
      coordinator: { limitsMs: SHORT_LIMITS_MS, ...options },
    });
    this.afterwards(() => cluster.stop());
    const modelSha256 = await cluster.client.uploadModel(writeModel(smallPredictor(), this.folder));
    const job = (numInferenceSteps = SHORT_STEPS): DenoiseOptions => ({
      modelSha256,
      schedulerConfig: SMALL_SCHEDULER,
      inputs: smallInputs(),
      numInferenceSteps,
      plan: { cuts: CUTS, warmUp: 1, microCuts: 1 },
    });
    return { cluster, job };
  }

  async proxyTo(target = ''): Promise<FaultyLink> {
    const proxy = await FaultyLink.open(target);
    this.afterwards(() => proxy.close());
    return proxy;
  }

  /** Adds a worker whose neighbours reach it through a proxy. */
  async addBehindProxy(cluster: TestCluster, name: string): Promise<FaultyLink> {
    const proxy = await this.proxyTo();
    const worker = cluster.addWorker(name, ['--advertise', proxy.address, ...BY_NETWORK]);
    proxy.target = (await worker.ready()).address;
    return proxy;
  }
}
