// Original file: proto/asyncdiff/v1/coordinator.proto

import type { WorkerReport as _asyncdiff_v1_WorkerReport, WorkerReport__Output as _asyncdiff_v1_WorkerReport__Output } from '../../asyncdiff/v1/WorkerReport.js';
import type { PlanSettings as _asyncdiff_v1_PlanSettings, PlanSettings__Output as _asyncdiff_v1_PlanSettings__Output } from '../../asyncdiff/v1/PlanSettings.js';
import type { Throughput as _asyncdiff_v1_Throughput, Throughput__Output as _asyncdiff_v1_Throughput__Output } from '../../asyncdiff/v1/Throughput.js';
import type { RunReport as _asyncdiff_v1_RunReport, RunReport__Output as _asyncdiff_v1_RunReport__Output } from '../../asyncdiff/v1/RunReport.js';
import type { Long } from '@grpc/proto-loader';

export interface RunReport {
  /**
   * Of the rounds: from the first issued to the last one done.
   */
  'seconds'?: (number | string);
  'steps'?: (number);
  /**
   * Rounds, warm-up included.
   */
  'rounds'?: (number);
  'bytesBetweenWorkers'?: (number | string | Long);
  /**
   * Median time of an asynchronous round, milliseconds; 0 if there was none.
   */
  'periodMs'?: (number | string);
  'predictedPeriodMs'?: (number | string);
  /**
   * Share of the measured compute of the largest component.
   */
  'maxShare'?: (number | string);
  'workers'?: (_asyncdiff_v1_WorkerReport)[];
  'broadcastBytesPerRound'?: (number | string | Long);
  /**
   * Whole job: text encoder, planning if any, rounds, decoding.
   */
  'totalSeconds'?: (number | string);
  'declared'?: (boolean);
  /**
   * Coordinator's own CPU time per round, milliseconds.
   */
  'coordinatorCpuMs'?: (number | string);
  /**
   * Values that end a segment, in order: `--cut` with the last one of each component makes the same cut again.
   */
  'cuts'?: (string)[];
  /**
   * Content address of the plan: the same plan gives the same bits.
   */
  'planId'?: (string);
  /**
   * Times that the job was begun anew after a worker was lost.
   */
  'restarts'?: (number);
  /**
   * Declared devices: factor on the declared times; seconds and periods above are as measured, not divided by it.
   */
  'timeDilation'?: (number | string);
  /**
   * The same program on the simulator, with segment times and links as measured; same scale as `seconds`.
   * 0 unless asked for.
   */
  'simulatedSeconds'?: (number | string);
  /**
   * As the job ran: what was chosen stands where `auto` was asked for.
   */
  'settings'?: (_asyncdiff_v1_PlanSettings | null);
  /**
   * With look-ahead, by step: how far its latents were from their prediction, root mean square over that of the latents; negative: none was
   * made. Their squares, summed over the steps that did not run in order, bound the error in most cases (docs/quality.md).
   */
  'drifts'?: (number | string)[];
  'driftSum'?: (number | string);
  /**
   * Steps that ran in order, and those of them that did because of a drift.
   */
  'inOrderSteps'?: (number)[];
  'heldSteps'?: (number)[];
  /**
   * What a user should know of the prediction, in words.
   */
  'notes'?: (string)[];
  /**
   * What decides the bits, besides settings, `cuts` and `in_order_steps`: asyncdiff's version; the predictor at its shapes (empty for declared
   * devices); how it was cut and which latents its parts read; what it was given; and what each component ran on.
   */
  'version'?: (string);
  'predictorId'?: (string);
  'programId'?: (string);
  'inputsSha256'?: (string);
  'runtimes'?: (string)[];
  /**
   * Of the final latents.
   */
  'latentsSha256'?: (string);
  /**
   * Times that the job went on with another program after a loss: such a run cannot be repeated.
   */
  'programChanges'?: (number);
  /**
   * Of settings.recut: how often the predictor was cut again on measured times, before the job's first round or before an earlier job.
   */
  'recutTurns'?: (number);
  /**
   * Of Run.
   */
  'throughput'?: (_asyncdiff_v1_Throughput | null);
  /**
   * Of a job that several predictors make one after another (Wan 2.2): what each one's part tells, in their order. The fields above are then
   * the first one's where they say what decides the bits, and of all together where they count. Empty elsewhere.
   */
  'stages'?: (_asyncdiff_v1_RunReport)[];
}

export interface RunReport__Output {
  /**
   * Of the rounds: from the first issued to the last one done.
   */
  'seconds': (number);
  'steps': (number);
  /**
   * Rounds, warm-up included.
   */
  'rounds': (number);
  'bytesBetweenWorkers': (number);
  /**
   * Median time of an asynchronous round, milliseconds; 0 if there was none.
   */
  'periodMs': (number);
  'predictedPeriodMs': (number);
  /**
   * Share of the measured compute of the largest component.
   */
  'maxShare': (number);
  'workers': (_asyncdiff_v1_WorkerReport__Output)[];
  'broadcastBytesPerRound': (number);
  /**
   * Whole job: text encoder, planning if any, rounds, decoding.
   */
  'totalSeconds': (number);
  'declared': (boolean);
  /**
   * Coordinator's own CPU time per round, milliseconds.
   */
  'coordinatorCpuMs': (number);
  /**
   * Values that end a segment, in order: `--cut` with the last one of each component makes the same cut again.
   */
  'cuts': (string)[];
  /**
   * Content address of the plan: the same plan gives the same bits.
   */
  'planId': (string);
  /**
   * Times that the job was begun anew after a worker was lost.
   */
  'restarts': (number);
  /**
   * Declared devices: factor on the declared times; seconds and periods above are as measured, not divided by it.
   */
  'timeDilation': (number);
  /**
   * The same program on the simulator, with segment times and links as measured; same scale as `seconds`.
   * 0 unless asked for.
   */
  'simulatedSeconds': (number);
  /**
   * As the job ran: what was chosen stands where `auto` was asked for.
   */
  'settings': (_asyncdiff_v1_PlanSettings__Output | null);
  /**
   * With look-ahead, by step: how far its latents were from their prediction, root mean square over that of the latents; negative: none was
   * made. Their squares, summed over the steps that did not run in order, bound the error in most cases (docs/quality.md).
   */
  'drifts': (number)[];
  'driftSum': (number);
  /**
   * Steps that ran in order, and those of them that did because of a drift.
   */
  'inOrderSteps': (number)[];
  'heldSteps': (number)[];
  /**
   * What a user should know of the prediction, in words.
   */
  'notes': (string)[];
  /**
   * What decides the bits, besides settings, `cuts` and `in_order_steps`: asyncdiff's version; the predictor at its shapes (empty for declared
   * devices); how it was cut and which latents its parts read; what it was given; and what each component ran on.
   */
  'version': (string);
  'predictorId': (string);
  'programId': (string);
  'inputsSha256': (string);
  'runtimes': (string)[];
  /**
   * Of the final latents.
   */
  'latentsSha256': (string);
  /**
   * Times that the job went on with another program after a loss: such a run cannot be repeated.
   */
  'programChanges': (number);
  /**
   * Of settings.recut: how often the predictor was cut again on measured times, before the job's first round or before an earlier job.
   */
  'recutTurns': (number);
  /**
   * Of Run.
   */
  'throughput': (_asyncdiff_v1_Throughput__Output | null);
  /**
   * Of a job that several predictors make one after another (Wan 2.2): what each one's part tells, in their order. The fields above are then
   * the first one's where they say what decides the bits, and of all together where they count. Empty elsewhere.
   */
  'stages': (_asyncdiff_v1_RunReport__Output)[];
}
