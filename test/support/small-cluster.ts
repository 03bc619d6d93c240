import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestCluster } from './cluster.js';
import type { DenoiseSubject } from './denoise-settings.js';
import { writeModel } from './onnx-builder.js';
import { Reference } from './reference.js';
import { SMALL_SCHEDULER, smallInputs, smallPredictor } from './small-predictor.js';

/** The small predictor on three workers or more, and its reference executor in this process. */
export class SmallCluster {
  readonly cluster: TestCluster;
  readonly subject: DenoiseSubject;
  readonly reference: Reference;
  readonly #folder: string;

  private constructor(cluster: TestCluster, subject: DenoiseSubject, folder: string) {
    this.cluster = cluster;
    this.subject = subject;
    this.reference = new Reference(subject);
    this.#folder = folder;
  }

  /** @param guided the inputs have twice the batch of conditioning */
  static async start(
    guided = false,
    workerFlags: readonly string[] = [],
    workers = 3,
  ): Promise<SmallCluster> {
    const folder = mkdtempSync(join(tmpdir(), 'asyncdiff-small-cluster-'));
    const modelPath = writeModel(smallPredictor(), folder);
    const cluster = await TestCluster.start({ workers, workerFlags });
    try {
      const subject = {
        modelPath,
        modelSha256: await cluster.client.uploadModel(modelPath),
        schedulerConfig: SMALL_SCHEDULER,
        inputs: smallInputs(guided),
        workDir: join(cluster.cacheDir, 'plans'),
      };
      return new SmallCluster(cluster, subject, folder);
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.reference.close();
    await this.cluster.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
