import type { PlanOptions } from '../../common/settings/index.js';
import type { AsyncDiffClient } from '../../client/index.js';
import type { Tensor } from '../../common/tensor/index.js';
import { denoiseOn, type DoneEvent } from './cluster.js';

/** One way to run a noise predictor; what is left out is the product's default. */
export interface DenoiseSettings extends PlanOptions {
  readonly numInferenceSteps: number;
  readonly guidanceScale?: number;
}

export interface DenoiseSubject {
  readonly modelPath: string;
  readonly modelSha256: string;
  readonly schedulerConfig: string;
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly workDir: string;
}

export interface RunResult {
  readonly latents: Tensor;
  /** Of each step. */
  readonly eps: readonly Tensor[];
  readonly planId: string;
  readonly done?: DoneEvent;
  /** The same run without the tensors of every step: the sampler is then at a worker alone. */
  readonly unwatchedLatents?: Tensor;
}

/** Runs it on a cluster, once with the tensors of every step and once without. */
export async function runDistributed(
  client: AsyncDiffClient,
  subject: DenoiseSubject,
  settings: DenoiseSettings,
): Promise<RunResult> {
  const { numInferenceSteps, guidanceScale = 1, ...plan } = settings;
  const { modelSha256, schedulerConfig, inputs } = subject;
  const eps: Tensor[] = [];
  const request = { modelSha256, schedulerConfig, inputs, numInferenceSteps, guidanceScale, plan };
  const { done } = await denoiseOn(client, { ...request, sendSteps: true }, (event) => {
    if (event.type === 'step') eps[event.step] = event.eps;
  });
  const unwatched = await denoiseOn(client, request);
  return {
    latents: done.latents,
    eps,
    planId: done.report.planId,
    done,
    unwatchedLatents: unwatched.done.latents,
  };
}
