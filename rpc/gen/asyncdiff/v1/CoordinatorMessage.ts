// Original file: proto/asyncdiff/v1/worker.proto

import type { Welcome as _asyncdiff_v1_Welcome, Welcome__Output as _asyncdiff_v1_Welcome__Output } from '../../asyncdiff/v1/Welcome.js';
import type { Deploy as _asyncdiff_v1_Deploy, Deploy__Output as _asyncdiff_v1_Deploy__Output } from '../../asyncdiff/v1/Deploy.js';
import type { StartJob as _asyncdiff_v1_StartJob, StartJob__Output as _asyncdiff_v1_StartJob__Output } from '../../asyncdiff/v1/StartJob.js';
import type { IssueRound as _asyncdiff_v1_IssueRound, IssueRound__Output as _asyncdiff_v1_IssueRound__Output } from '../../asyncdiff/v1/IssueRound.js';
import type { Latents as _asyncdiff_v1_Latents, Latents__Output as _asyncdiff_v1_Latents__Output } from '../../asyncdiff/v1/Latents.js';
import type { RelayedFrame as _asyncdiff_v1_RelayedFrame, RelayedFrame__Output as _asyncdiff_v1_RelayedFrame__Output } from '../../asyncdiff/v1/RelayedFrame.js';
import type { EndJob as _asyncdiff_v1_EndJob, EndJob__Output as _asyncdiff_v1_EndJob__Output } from '../../asyncdiff/v1/EndJob.js';
import type { Ping as _asyncdiff_v1_Ping, Ping__Output as _asyncdiff_v1_Ping__Output } from '../../asyncdiff/v1/Ping.js';
import type { ProbeLinks as _asyncdiff_v1_ProbeLinks, ProbeLinks__Output as _asyncdiff_v1_ProbeLinks__Output } from '../../asyncdiff/v1/ProbeLinks.js';
import type { Undeploy as _asyncdiff_v1_Undeploy, Undeploy__Output as _asyncdiff_v1_Undeploy__Output } from '../../asyncdiff/v1/Undeploy.js';
import type { Batch as _asyncdiff_v1_Batch, Batch__Output as _asyncdiff_v1_Batch__Output } from '../../asyncdiff/v1/Batch.js';
import type { AskState as _asyncdiff_v1_AskState, AskState__Output as _asyncdiff_v1_AskState__Output } from '../../asyncdiff/v1/AskState.js';
import type { OpenPart as _asyncdiff_v1_OpenPart, OpenPart__Output as _asyncdiff_v1_OpenPart__Output } from '../../asyncdiff/v1/OpenPart.js';
import type { PartTensor as _asyncdiff_v1_PartTensor, PartTensor__Output as _asyncdiff_v1_PartTensor__Output } from '../../asyncdiff/v1/PartTensor.js';
import type { RunPart as _asyncdiff_v1_RunPart, RunPart__Output as _asyncdiff_v1_RunPart__Output } from '../../asyncdiff/v1/RunPart.js';
import type { ClosePart as _asyncdiff_v1_ClosePart, ClosePart__Output as _asyncdiff_v1_ClosePart__Output } from '../../asyncdiff/v1/ClosePart.js';
import type { RelayCredit as _asyncdiff_v1_RelayCredit, RelayCredit__Output as _asyncdiff_v1_RelayCredit__Output } from '../../asyncdiff/v1/RelayCredit.js';

/**
 * What the coordinator says.
 */
export interface CoordinatorMessage {
  'welcome'?: (_asyncdiff_v1_Welcome | null);
  'deploy'?: (_asyncdiff_v1_Deploy | null);
  'startJob'?: (_asyncdiff_v1_StartJob | null);
  'issueRound'?: (_asyncdiff_v1_IssueRound | null);
  'latents'?: (_asyncdiff_v1_Latents | null);
  'relayedFrame'?: (_asyncdiff_v1_RelayedFrame | null);
  'endJob'?: (_asyncdiff_v1_EndJob | null);
  'ping'?: (_asyncdiff_v1_Ping | null);
  'probeLinks'?: (_asyncdiff_v1_ProbeLinks | null);
  'undeploy'?: (_asyncdiff_v1_Undeploy | null);
  /**
   * Several of the above, in order: what belongs to one moment costs one message.
   */
  'batch'?: (_asyncdiff_v1_Batch | null);
  'askState'?: (_asyncdiff_v1_AskState | null);
  'openPart'?: (_asyncdiff_v1_OpenPart | null);
  'partTensor'?: (_asyncdiff_v1_PartTensor | null);
  'runPart'?: (_asyncdiff_v1_RunPart | null);
  'closePart'?: (_asyncdiff_v1_ClosePart | null);
  /**
   * `worker_id` has taken over so much of what this worker sends it through the coordinator.
   */
  'relayCredit'?: (_asyncdiff_v1_RelayCredit | null);
  'message'?: "welcome"|"deploy"|"startJob"|"issueRound"|"latents"|"relayedFrame"|"endJob"|"ping"|"probeLinks"|"undeploy"|"batch"|"askState"|"openPart"|"partTensor"|"runPart"|"closePart"|"relayCredit";
}

/**
 * What the coordinator says.
 */
export interface CoordinatorMessage__Output {
  'welcome'?: (_asyncdiff_v1_Welcome__Output | null);
  'deploy'?: (_asyncdiff_v1_Deploy__Output | null);
  'startJob'?: (_asyncdiff_v1_StartJob__Output | null);
  'issueRound'?: (_asyncdiff_v1_IssueRound__Output | null);
  'latents'?: (_asyncdiff_v1_Latents__Output | null);
  'relayedFrame'?: (_asyncdiff_v1_RelayedFrame__Output | null);
  'endJob'?: (_asyncdiff_v1_EndJob__Output | null);
  'ping'?: (_asyncdiff_v1_Ping__Output | null);
  'probeLinks'?: (_asyncdiff_v1_ProbeLinks__Output | null);
  'undeploy'?: (_asyncdiff_v1_Undeploy__Output | null);
  /**
   * Several of the above, in order: what belongs to one moment costs one message.
   */
  'batch'?: (_asyncdiff_v1_Batch__Output | null);
  'askState'?: (_asyncdiff_v1_AskState__Output | null);
  'openPart'?: (_asyncdiff_v1_OpenPart__Output | null);
  'partTensor'?: (_asyncdiff_v1_PartTensor__Output | null);
  'runPart'?: (_asyncdiff_v1_RunPart__Output | null);
  'closePart'?: (_asyncdiff_v1_ClosePart__Output | null);
  /**
   * `worker_id` has taken over so much of what this worker sends it through the coordinator.
   */
  'relayCredit'?: (_asyncdiff_v1_RelayCredit__Output | null);
  'message'?: "welcome"|"deploy"|"startJob"|"issueRound"|"latents"|"relayedFrame"|"endJob"|"ping"|"probeLinks"|"undeploy"|"batch"|"askState"|"openPart"|"partTensor"|"runPart"|"closePart"|"relayCredit";
}
