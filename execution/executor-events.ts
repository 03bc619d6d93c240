import type { AsyncDiffError } from '../common/errors/index.js';
import type { Tensor } from '../common/tensor/index.js';
import type { StartedJob } from './attempt-state.js';
import type { SamplerState } from './sampler-state.js';

/** What a task executor tells whoever runs it. */
export interface ExecutorEvents {
  /** A boundary tensor exists. The receiver owns its memory and may transfer it. */
  onBoundary(job: StartedJob, name: string, version: number, tensor: Tensor): void;
  /** The noise prediction of a step, after guidance, float32, of a round issued with `noise`. The receiver owns its memory. */
  onNoise(job: StartedJob, step: number, tensor: Tensor): void;
  /** An output of a single-pass model, or a state where the round was issued with `checkpoint`. The receiver owns its memory. */
  onOutput?(job: StartedJob, item: number, name: string, tensor: Tensor): void;
  /** Latents, as the model takes them, from the sampler that runs here. The receiver owns their memory. */
  onLatents(job: StartedJob, name: string, version: number, tensor: Tensor): void;
  /** A round issued with `progress`, or with `checkpoint` (then with the sampler's state, the receiver's own), is done. */
  onRoundDone(job: StartedJob, lastStep: number, state: SamplerState | undefined): void;
  /** The latents have drifted too far from their prediction: the job is held where the state says, for a step in order. */
  onHeld(job: StartedJob, state: SamplerState): void;
  /** A task failed: the job cannot go on. Later tasks of the job are not run. */
  onFault(job: StartedJob, error: AsyncDiffError): void;
  /** Whether a boundary tensor, or latents, leave this executor (and so must be copied if it is read here as well). */
  leaves(deploymentId: string, name: string): boolean;
  /** A task begins, or has ended. */
  onTask?(isBegun: boolean): void;
  /** Before a look at what can run: adds tensors that have arrived unasked. */
  collect?(): void;
  /** Tasks wait, and none can run until more tensors are added. */
  onStarved?(): void;
}
