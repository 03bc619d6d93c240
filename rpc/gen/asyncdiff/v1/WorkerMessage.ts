// Original file: proto/asyncdiff/v1/worker.proto

import type { Hello as _asyncdiff_v1_Hello, Hello__Output as _asyncdiff_v1_Hello__Output } from '../../asyncdiff/v1/Hello.js';
import type { NeedArtifacts as _asyncdiff_v1_NeedArtifacts, NeedArtifacts__Output as _asyncdiff_v1_NeedArtifacts__Output } from '../../asyncdiff/v1/NeedArtifacts.js';
import type { Deployed as _asyncdiff_v1_Deployed, Deployed__Output as _asyncdiff_v1_Deployed__Output } from '../../asyncdiff/v1/Deployed.js';
import type { JobStarted as _asyncdiff_v1_JobStarted, JobStarted__Output as _asyncdiff_v1_JobStarted__Output } from '../../asyncdiff/v1/JobStarted.js';
import type { NoisePrediction as _asyncdiff_v1_NoisePrediction, NoisePrediction__Output as _asyncdiff_v1_NoisePrediction__Output } from '../../asyncdiff/v1/NoisePrediction.js';
import type { RelayedFrame as _asyncdiff_v1_RelayedFrame, RelayedFrame__Output as _asyncdiff_v1_RelayedFrame__Output } from '../../asyncdiff/v1/RelayedFrame.js';
import type { WorkerFault as _asyncdiff_v1_WorkerFault, WorkerFault__Output as _asyncdiff_v1_WorkerFault__Output } from '../../asyncdiff/v1/WorkerFault.js';
import type { JobReport as _asyncdiff_v1_JobReport, JobReport__Output as _asyncdiff_v1_JobReport__Output } from '../../asyncdiff/v1/JobReport.js';
import type { Pong as _asyncdiff_v1_Pong, Pong__Output as _asyncdiff_v1_Pong__Output } from '../../asyncdiff/v1/Pong.js';
import type { LinksProbed as _asyncdiff_v1_LinksProbed, LinksProbed__Output as _asyncdiff_v1_LinksProbed__Output } from '../../asyncdiff/v1/LinksProbed.js';
import type { Leaving as _asyncdiff_v1_Leaving, Leaving__Output as _asyncdiff_v1_Leaving__Output } from '../../asyncdiff/v1/Leaving.js';
import type { WorkerBatch as _asyncdiff_v1_WorkerBatch, WorkerBatch__Output as _asyncdiff_v1_WorkerBatch__Output } from '../../asyncdiff/v1/WorkerBatch.js';
import type { RoundDone as _asyncdiff_v1_RoundDone, RoundDone__Output as _asyncdiff_v1_RoundDone__Output } from '../../asyncdiff/v1/RoundDone.js';
import type { DeployProgress as _asyncdiff_v1_DeployProgress, DeployProgress__Output as _asyncdiff_v1_DeployProgress__Output } from '../../asyncdiff/v1/DeployProgress.js';
import type { LinkDown as _asyncdiff_v1_LinkDown, LinkDown__Output as _asyncdiff_v1_LinkDown__Output } from '../../asyncdiff/v1/LinkDown.js';
import type { StateReport as _asyncdiff_v1_StateReport, StateReport__Output as _asyncdiff_v1_StateReport__Output } from '../../asyncdiff/v1/StateReport.js';
import type { PartOpened as _asyncdiff_v1_PartOpened, PartOpened__Output as _asyncdiff_v1_PartOpened__Output } from '../../asyncdiff/v1/PartOpened.js';
import type { PartTensor as _asyncdiff_v1_PartTensor, PartTensor__Output as _asyncdiff_v1_PartTensor__Output } from '../../asyncdiff/v1/PartTensor.js';
import type { PartProgress as _asyncdiff_v1_PartProgress, PartProgress__Output as _asyncdiff_v1_PartProgress__Output } from '../../asyncdiff/v1/PartProgress.js';
import type { PartRan as _asyncdiff_v1_PartRan, PartRan__Output as _asyncdiff_v1_PartRan__Output } from '../../asyncdiff/v1/PartRan.js';
import type { RelayCredit as _asyncdiff_v1_RelayCredit, RelayCredit__Output as _asyncdiff_v1_RelayCredit__Output } from '../../asyncdiff/v1/RelayCredit.js';
import type { ItemOutput as _asyncdiff_v1_ItemOutput, ItemOutput__Output as _asyncdiff_v1_ItemOutput__Output } from '../../asyncdiff/v1/ItemOutput.js';

/**
 * What a worker says.
 */
export interface WorkerMessage {
  'hello'?: (_asyncdiff_v1_Hello | null);
  'needArtifacts'?: (_asyncdiff_v1_NeedArtifacts | null);
  'deployed'?: (_asyncdiff_v1_Deployed | null);
  'jobStarted'?: (_asyncdiff_v1_JobStarted | null);
  'noisePrediction'?: (_asyncdiff_v1_NoisePrediction | null);
  /**
   * A boundary tensor on its way through the coordinator (data path `relay`).
   */
  'relayedFrame'?: (_asyncdiff_v1_RelayedFrame | null);
  'fault'?: (_asyncdiff_v1_WorkerFault | null);
  'jobReport'?: (_asyncdiff_v1_JobReport | null);
  'pong'?: (_asyncdiff_v1_Pong | null);
  'linksProbed'?: (_asyncdiff_v1_LinksProbed | null);
  /**
   * The worker leaves on purpose (drained); nothing is lost.
   */
  'leaving'?: (_asyncdiff_v1_Leaving | null);
  /**
   * Several of the above, in order.
   */
  'batch'?: (_asyncdiff_v1_WorkerBatch | null);
  'roundDone'?: (_asyncdiff_v1_RoundDone | null);
  'deployProgress'?: (_asyncdiff_v1_DeployProgress | null);
  'linkDown'?: (_asyncdiff_v1_LinkDown | null);
  'stateReport'?: (_asyncdiff_v1_StateReport | null);
  'partOpened'?: (_asyncdiff_v1_PartOpened | null);
  'partTensor'?: (_asyncdiff_v1_PartTensor | null);
  'partProgress'?: (_asyncdiff_v1_PartProgress | null);
  'partRan'?: (_asyncdiff_v1_PartRan | null);
  /**
   * To the coordinator: what this worker has taken over of the relayed frames of `worker_id`.
   */
  'relayCredit'?: (_asyncdiff_v1_RelayCredit | null);
  'itemOutput'?: (_asyncdiff_v1_ItemOutput | null);
  'message'?: "hello"|"needArtifacts"|"deployed"|"jobStarted"|"noisePrediction"|"relayedFrame"|"fault"|"jobReport"|"pong"|"linksProbed"|"leaving"|"batch"|"roundDone"|"deployProgress"|"linkDown"|"stateReport"|"partOpened"|"partTensor"|"partProgress"|"partRan"|"relayCredit"|"itemOutput";
}

/**
 * What a worker says.
 */
export interface WorkerMessage__Output {
  'hello'?: (_asyncdiff_v1_Hello__Output | null);
  'needArtifacts'?: (_asyncdiff_v1_NeedArtifacts__Output | null);
  'deployed'?: (_asyncdiff_v1_Deployed__Output | null);
  'jobStarted'?: (_asyncdiff_v1_JobStarted__Output | null);
  'noisePrediction'?: (_asyncdiff_v1_NoisePrediction__Output | null);
  /**
   * A boundary tensor on its way through the coordinator (data path `relay`).
   */
  'relayedFrame'?: (_asyncdiff_v1_RelayedFrame__Output | null);
  'fault'?: (_asyncdiff_v1_WorkerFault__Output | null);
  'jobReport'?: (_asyncdiff_v1_JobReport__Output | null);
  'pong'?: (_asyncdiff_v1_Pong__Output | null);
  'linksProbed'?: (_asyncdiff_v1_LinksProbed__Output | null);
  /**
   * The worker leaves on purpose (drained); nothing is lost.
   */
  'leaving'?: (_asyncdiff_v1_Leaving__Output | null);
  /**
   * Several of the above, in order.
   */
  'batch'?: (_asyncdiff_v1_WorkerBatch__Output | null);
  'roundDone'?: (_asyncdiff_v1_RoundDone__Output | null);
  'deployProgress'?: (_asyncdiff_v1_DeployProgress__Output | null);
  'linkDown'?: (_asyncdiff_v1_LinkDown__Output | null);
  'stateReport'?: (_asyncdiff_v1_StateReport__Output | null);
  'partOpened'?: (_asyncdiff_v1_PartOpened__Output | null);
  'partTensor'?: (_asyncdiff_v1_PartTensor__Output | null);
  'partProgress'?: (_asyncdiff_v1_PartProgress__Output | null);
  'partRan'?: (_asyncdiff_v1_PartRan__Output | null);
  /**
   * To the coordinator: what this worker has taken over of the relayed frames of `worker_id`.
   */
  'relayCredit'?: (_asyncdiff_v1_RelayCredit__Output | null);
  'itemOutput'?: (_asyncdiff_v1_ItemOutput__Output | null);
  'message'?: "hello"|"needArtifacts"|"deployed"|"jobStarted"|"noisePrediction"|"relayedFrame"|"fault"|"jobReport"|"pong"|"linksProbed"|"leaving"|"batch"|"roundDone"|"deployProgress"|"linkDown"|"stateReport"|"partOpened"|"partTensor"|"partProgress"|"partRan"|"relayCredit"|"itemOutput";
}
