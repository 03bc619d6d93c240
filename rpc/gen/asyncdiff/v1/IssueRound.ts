// Original file: proto/asyncdiff/v1/worker.proto

import type { Task as _asyncdiff_v1_Task, Task__Output as _asyncdiff_v1_Task__Output } from '../../asyncdiff/v1/Task.js';
import type { Unread as _asyncdiff_v1_Unread, Unread__Output as _asyncdiff_v1_Unread__Output } from '../../asyncdiff/v1/Unread.js';
import type { RoundLatents as _asyncdiff_v1_RoundLatents, RoundLatents__Output as _asyncdiff_v1_RoundLatents__Output } from '../../asyncdiff/v1/RoundLatents.js';

export interface IssueRound {
  'jobId'?: (string);
  'attempt'?: (number);
  'round'?: (number);
  'tasks'?: (_asyncdiff_v1_Task)[];
  /**
   * Boundary tensors below this version may be dropped once this round begins.
   */
  'oldestVersion'?: (number);
  /**
   * The first step that the round covers. What was known at earlier steps only may be dropped of the latents.
   */
  'firstStep'?: (number);
  /**
   * The last step that the round covers: the next round's latents come after it.
   */
  'lastStep'?: (number);
  /**
   * What is told of it by the worker that predicts its noise: `noise`, each step's noise prediction; else, where that worker runs the sampler,
   * `nothing`, `progress` (that it is done) or `checkpoint` (and where the sampler stands).
   */
  'report'?: (string);
  /**
   * What is made in this round, or for it, and would go to these workers for nothing: they do not read it.
   */
  'unread'?: (_asyncdiff_v1_Unread)[];
  /**
   * The latents that the round reads, for the worker that runs the sampler.
   */
  'latents'?: (_asyncdiff_v1_RoundLatents)[];
  /**
   * The worker that runs the sampler may hold the job before this round, where the latents drift too far from their prediction.
   */
  'mayHold'?: (boolean);
}

export interface IssueRound__Output {
  'jobId': (string);
  'attempt': (number);
  'round': (number);
  'tasks': (_asyncdiff_v1_Task__Output)[];
  /**
   * Boundary tensors below this version may be dropped once this round begins.
   */
  'oldestVersion': (number);
  /**
   * The first step that the round covers. What was known at earlier steps only may be dropped of the latents.
   */
  'firstStep': (number);
  /**
   * The last step that the round covers: the next round's latents come after it.
   */
  'lastStep': (number);
  /**
   * What is told of it by the worker that predicts its noise: `noise`, each step's noise prediction; else, where that worker runs the sampler,
   * `nothing`, `progress` (that it is done) or `checkpoint` (and where the sampler stands).
   */
  'report': (string);
  /**
   * What is made in this round, or for it, and would go to these workers for nothing: they do not read it.
   */
  'unread': (_asyncdiff_v1_Unread__Output)[];
  /**
   * The latents that the round reads, for the worker that runs the sampler.
   */
  'latents': (_asyncdiff_v1_RoundLatents__Output)[];
  /**
   * The worker that runs the sampler may hold the job before this round, where the latents drift too far from their prediction.
   */
  'mayHold': (boolean);
}
