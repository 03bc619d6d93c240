import type * as grpc from '@grpc/grpc-js';
import type { MessageTypeDefinition } from '@grpc/proto-loader';

import type { AbsentWorker as _asyncdiff_v1_AbsentWorker, AbsentWorker__Output as _asyncdiff_v1_AbsentWorker__Output } from './asyncdiff/v1/AbsentWorker.js';
import type { Artifact as _asyncdiff_v1_Artifact, Artifact__Output as _asyncdiff_v1_Artifact__Output } from './asyncdiff/v1/Artifact.js';
import type { ArtifactChunk as _asyncdiff_v1_ArtifactChunk, ArtifactChunk__Output as _asyncdiff_v1_ArtifactChunk__Output } from './asyncdiff/v1/ArtifactChunk.js';
import type { ArtifactClaim as _asyncdiff_v1_ArtifactClaim, ArtifactClaim__Output as _asyncdiff_v1_ArtifactClaim__Output } from './asyncdiff/v1/ArtifactClaim.js';
import type { ArtifactRange as _asyncdiff_v1_ArtifactRange, ArtifactRange__Output as _asyncdiff_v1_ArtifactRange__Output } from './asyncdiff/v1/ArtifactRange.js';
import type { ArtifactRequest as _asyncdiff_v1_ArtifactRequest, ArtifactRequest__Output as _asyncdiff_v1_ArtifactRequest__Output } from './asyncdiff/v1/ArtifactRequest.js';
import type { AskState as _asyncdiff_v1_AskState, AskState__Output as _asyncdiff_v1_AskState__Output } from './asyncdiff/v1/AskState.js';
import type { AttachJobRequest as _asyncdiff_v1_AttachJobRequest, AttachJobRequest__Output as _asyncdiff_v1_AttachJobRequest__Output } from './asyncdiff/v1/AttachJobRequest.js';
import type { Batch as _asyncdiff_v1_Batch, Batch__Output as _asyncdiff_v1_Batch__Output } from './asyncdiff/v1/Batch.js';
import type { CancelJobRequest as _asyncdiff_v1_CancelJobRequest, CancelJobRequest__Output as _asyncdiff_v1_CancelJobRequest__Output } from './asyncdiff/v1/CancelJobRequest.js';
import type { CancelJobResponse as _asyncdiff_v1_CancelJobResponse, CancelJobResponse__Output as _asyncdiff_v1_CancelJobResponse__Output } from './asyncdiff/v1/CancelJobResponse.js';
import type { CarriedState as _asyncdiff_v1_CarriedState, CarriedState__Output as _asyncdiff_v1_CarriedState__Output } from './asyncdiff/v1/CarriedState.js';
import type { ClosePart as _asyncdiff_v1_ClosePart, ClosePart__Output as _asyncdiff_v1_ClosePart__Output } from './asyncdiff/v1/ClosePart.js';
import type { CoordinatorClient as _asyncdiff_v1_CoordinatorClient, CoordinatorDefinition as _asyncdiff_v1_CoordinatorDefinition } from './asyncdiff/v1/Coordinator.js';
import type { CoordinatorMessage as _asyncdiff_v1_CoordinatorMessage, CoordinatorMessage__Output as _asyncdiff_v1_CoordinatorMessage__Output } from './asyncdiff/v1/CoordinatorMessage.js';
import type { DeclaredDevice as _asyncdiff_v1_DeclaredDevice, DeclaredDevice__Output as _asyncdiff_v1_DeclaredDevice__Output } from './asyncdiff/v1/DeclaredDevice.js';
import type { DenoiseRequest as _asyncdiff_v1_DenoiseRequest, DenoiseRequest__Output as _asyncdiff_v1_DenoiseRequest__Output } from './asyncdiff/v1/DenoiseRequest.js';
import type { Deploy as _asyncdiff_v1_Deploy, Deploy__Output as _asyncdiff_v1_Deploy__Output } from './asyncdiff/v1/Deploy.js';
import type { DeployProgress as _asyncdiff_v1_DeployProgress, DeployProgress__Output as _asyncdiff_v1_DeployProgress__Output } from './asyncdiff/v1/DeployProgress.js';
import type { Deployed as _asyncdiff_v1_Deployed, Deployed__Output as _asyncdiff_v1_Deployed__Output } from './asyncdiff/v1/Deployed.js';
import type { Done as _asyncdiff_v1_Done, Done__Output as _asyncdiff_v1_Done__Output } from './asyncdiff/v1/Done.js';
import type { EndJob as _asyncdiff_v1_EndJob, EndJob__Output as _asyncdiff_v1_EndJob__Output } from './asyncdiff/v1/EndJob.js';
import type { ExchangeRequest as _asyncdiff_v1_ExchangeRequest, ExchangeRequest__Output as _asyncdiff_v1_ExchangeRequest__Output } from './asyncdiff/v1/ExchangeRequest.js';
import type { Foresight as _asyncdiff_v1_Foresight, Foresight__Output as _asyncdiff_v1_Foresight__Output } from './asyncdiff/v1/Foresight.js';
import type { GenerateRequest as _asyncdiff_v1_GenerateRequest, GenerateRequest__Output as _asyncdiff_v1_GenerateRequest__Output } from './asyncdiff/v1/GenerateRequest.js';
import type { GetStatusRequest as _asyncdiff_v1_GetStatusRequest, GetStatusRequest__Output as _asyncdiff_v1_GetStatusRequest__Output } from './asyncdiff/v1/GetStatusRequest.js';
import type { GetStatusResponse as _asyncdiff_v1_GetStatusResponse, GetStatusResponse__Output as _asyncdiff_v1_GetStatusResponse__Output } from './asyncdiff/v1/GetStatusResponse.js';
import type { Guidance as _asyncdiff_v1_Guidance, Guidance__Output as _asyncdiff_v1_Guidance__Output } from './asyncdiff/v1/Guidance.js';
import type { Hello as _asyncdiff_v1_Hello, Hello__Output as _asyncdiff_v1_Hello__Output } from './asyncdiff/v1/Hello.js';
import type { IssueRound as _asyncdiff_v1_IssueRound, IssueRound__Output as _asyncdiff_v1_IssueRound__Output } from './asyncdiff/v1/IssueRound.js';
import type { ItemOutput as _asyncdiff_v1_ItemOutput, ItemOutput__Output as _asyncdiff_v1_ItemOutput__Output } from './asyncdiff/v1/ItemOutput.js';
import type { ItemOutputs as _asyncdiff_v1_ItemOutputs, ItemOutputs__Output as _asyncdiff_v1_ItemOutputs__Output } from './asyncdiff/v1/ItemOutputs.js';
import type { ItemValues as _asyncdiff_v1_ItemValues, ItemValues__Output as _asyncdiff_v1_ItemValues__Output } from './asyncdiff/v1/ItemValues.js';
import type { JobEvent as _asyncdiff_v1_JobEvent, JobEvent__Output as _asyncdiff_v1_JobEvent__Output } from './asyncdiff/v1/JobEvent.js';
import type { JobReport as _asyncdiff_v1_JobReport, JobReport__Output as _asyncdiff_v1_JobReport__Output } from './asyncdiff/v1/JobReport.js';
import type { JobStarted as _asyncdiff_v1_JobStarted, JobStarted__Output as _asyncdiff_v1_JobStarted__Output } from './asyncdiff/v1/JobStarted.js';
import type { JobSummary as _asyncdiff_v1_JobSummary, JobSummary__Output as _asyncdiff_v1_JobSummary__Output } from './asyncdiff/v1/JobSummary.js';
import type { JointPair as _asyncdiff_v1_JointPair, JointPair__Output as _asyncdiff_v1_JointPair__Output } from './asyncdiff/v1/JointPair.js';
import type { KeptRegion as _asyncdiff_v1_KeptRegion, KeptRegion__Output as _asyncdiff_v1_KeptRegion__Output } from './asyncdiff/v1/KeptRegion.js';
import type { Latents as _asyncdiff_v1_Latents, Latents__Output as _asyncdiff_v1_Latents__Output } from './asyncdiff/v1/Latents.js';
import type { Leaving as _asyncdiff_v1_Leaving, Leaving__Output as _asyncdiff_v1_Leaving__Output } from './asyncdiff/v1/Leaving.js';
import type { LinkDown as _asyncdiff_v1_LinkDown, LinkDown__Output as _asyncdiff_v1_LinkDown__Output } from './asyncdiff/v1/LinkDown.js';
import type { LinksProbed as _asyncdiff_v1_LinksProbed, LinksProbed__Output as _asyncdiff_v1_LinksProbed__Output } from './asyncdiff/v1/LinksProbed.js';
import type { ListJobsRequest as _asyncdiff_v1_ListJobsRequest, ListJobsRequest__Output as _asyncdiff_v1_ListJobsRequest__Output } from './asyncdiff/v1/ListJobsRequest.js';
import type { ListJobsResponse as _asyncdiff_v1_ListJobsResponse, ListJobsResponse__Output as _asyncdiff_v1_ListJobsResponse__Output } from './asyncdiff/v1/ListJobsResponse.js';
import type { LookAhead as _asyncdiff_v1_LookAhead, LookAhead__Output as _asyncdiff_v1_LookAhead__Output } from './asyncdiff/v1/LookAhead.js';
import type { NeedArtifacts as _asyncdiff_v1_NeedArtifacts, NeedArtifacts__Output as _asyncdiff_v1_NeedArtifacts__Output } from './asyncdiff/v1/NeedArtifacts.js';
import type { NoisePrediction as _asyncdiff_v1_NoisePrediction, NoisePrediction__Output as _asyncdiff_v1_NoisePrediction__Output } from './asyncdiff/v1/NoisePrediction.js';
import type { NoiseSeed as _asyncdiff_v1_NoiseSeed, NoiseSeed__Output as _asyncdiff_v1_NoiseSeed__Output } from './asyncdiff/v1/NoiseSeed.js';
import type { NumberList as _asyncdiff_v1_NumberList, NumberList__Output as _asyncdiff_v1_NumberList__Output } from './asyncdiff/v1/NumberList.js';
import type { OpenPart as _asyncdiff_v1_OpenPart, OpenPart__Output as _asyncdiff_v1_OpenPart__Output } from './asyncdiff/v1/OpenPart.js';
import type { PartOpened as _asyncdiff_v1_PartOpened, PartOpened__Output as _asyncdiff_v1_PartOpened__Output } from './asyncdiff/v1/PartOpened.js';
import type { PartProgress as _asyncdiff_v1_PartProgress, PartProgress__Output as _asyncdiff_v1_PartProgress__Output } from './asyncdiff/v1/PartProgress.js';
import type { PartRan as _asyncdiff_v1_PartRan, PartRan__Output as _asyncdiff_v1_PartRan__Output } from './asyncdiff/v1/PartRan.js';
import type { PartTensor as _asyncdiff_v1_PartTensor, PartTensor__Output as _asyncdiff_v1_PartTensor__Output } from './asyncdiff/v1/PartTensor.js';
import type { Peer as _asyncdiff_v1_Peer, Peer__Output as _asyncdiff_v1_Peer__Output } from './asyncdiff/v1/Peer.js';
import type { Ping as _asyncdiff_v1_Ping, Ping__Output as _asyncdiff_v1_Ping__Output } from './asyncdiff/v1/Ping.js';
import type { PipelineArgument as _asyncdiff_v1_PipelineArgument, PipelineArgument__Output as _asyncdiff_v1_PipelineArgument__Output } from './asyncdiff/v1/PipelineArgument.js';
import type { PlanRequest as _asyncdiff_v1_PlanRequest, PlanRequest__Output as _asyncdiff_v1_PlanRequest__Output } from './asyncdiff/v1/PlanRequest.js';
import type { PlanResponse as _asyncdiff_v1_PlanResponse, PlanResponse__Output as _asyncdiff_v1_PlanResponse__Output } from './asyncdiff/v1/PlanResponse.js';
import type { PlanSettings as _asyncdiff_v1_PlanSettings, PlanSettings__Output as _asyncdiff_v1_PlanSettings__Output } from './asyncdiff/v1/PlanSettings.js';
import type { Planned as _asyncdiff_v1_Planned, Planned__Output as _asyncdiff_v1_Planned__Output } from './asyncdiff/v1/Planned.js';
import type { Pong as _asyncdiff_v1_Pong, Pong__Output as _asyncdiff_v1_Pong__Output } from './asyncdiff/v1/Pong.js';
import type { Preparing as _asyncdiff_v1_Preparing, Preparing__Output as _asyncdiff_v1_Preparing__Output } from './asyncdiff/v1/Preparing.js';
import type { Preview as _asyncdiff_v1_Preview, Preview__Output as _asyncdiff_v1_Preview__Output } from './asyncdiff/v1/Preview.js';
import type { ProbeChunk as _asyncdiff_v1_ProbeChunk, ProbeChunk__Output as _asyncdiff_v1_ProbeChunk__Output } from './asyncdiff/v1/ProbeChunk.js';
import type { ProbeLinks as _asyncdiff_v1_ProbeLinks, ProbeLinks__Output as _asyncdiff_v1_ProbeLinks__Output } from './asyncdiff/v1/ProbeLinks.js';
import type { ProbeRequest as _asyncdiff_v1_ProbeRequest, ProbeRequest__Output as _asyncdiff_v1_ProbeRequest__Output } from './asyncdiff/v1/ProbeRequest.js';
import type { ProbedLink as _asyncdiff_v1_ProbedLink, ProbedLink__Output as _asyncdiff_v1_ProbedLink__Output } from './asyncdiff/v1/ProbedLink.js';
import type { Progress as _asyncdiff_v1_Progress, Progress__Output as _asyncdiff_v1_Progress__Output } from './asyncdiff/v1/Progress.js';
import type { Queued as _asyncdiff_v1_Queued, Queued__Output as _asyncdiff_v1_Queued__Output } from './asyncdiff/v1/Queued.js';
import type { RelayCredit as _asyncdiff_v1_RelayCredit, RelayCredit__Output as _asyncdiff_v1_RelayCredit__Output } from './asyncdiff/v1/RelayCredit.js';
import type { RelayedFrame as _asyncdiff_v1_RelayedFrame, RelayedFrame__Output as _asyncdiff_v1_RelayedFrame__Output } from './asyncdiff/v1/RelayedFrame.js';
import type { Replay as _asyncdiff_v1_Replay, Replay__Output as _asyncdiff_v1_Replay__Output } from './asyncdiff/v1/Replay.js';
import type { RoundDone as _asyncdiff_v1_RoundDone, RoundDone__Output as _asyncdiff_v1_RoundDone__Output } from './asyncdiff/v1/RoundDone.js';
import type { RoundLatents as _asyncdiff_v1_RoundLatents, RoundLatents__Output as _asyncdiff_v1_RoundLatents__Output } from './asyncdiff/v1/RoundLatents.js';
import type { Route as _asyncdiff_v1_Route, Route__Output as _asyncdiff_v1_Route__Output } from './asyncdiff/v1/Route.js';
import type { RouteTarget as _asyncdiff_v1_RouteTarget, RouteTarget__Output as _asyncdiff_v1_RouteTarget__Output } from './asyncdiff/v1/RouteTarget.js';
import type { RunHeader as _asyncdiff_v1_RunHeader, RunHeader__Output as _asyncdiff_v1_RunHeader__Output } from './asyncdiff/v1/RunHeader.js';
import type { RunItem as _asyncdiff_v1_RunItem, RunItem__Output as _asyncdiff_v1_RunItem__Output } from './asyncdiff/v1/RunItem.js';
import type { RunPart as _asyncdiff_v1_RunPart, RunPart__Output as _asyncdiff_v1_RunPart__Output } from './asyncdiff/v1/RunPart.js';
import type { RunReport as _asyncdiff_v1_RunReport, RunReport__Output as _asyncdiff_v1_RunReport__Output } from './asyncdiff/v1/RunReport.js';
import type { RunRequest as _asyncdiff_v1_RunRequest, RunRequest__Output as _asyncdiff_v1_RunRequest__Output } from './asyncdiff/v1/RunRequest.js';
import type { SamplerStart as _asyncdiff_v1_SamplerStart, SamplerStart__Output as _asyncdiff_v1_SamplerStart__Output } from './asyncdiff/v1/SamplerStart.js';
import type { SamplerState as _asyncdiff_v1_SamplerState, SamplerState__Output as _asyncdiff_v1_SamplerState__Output } from './asyncdiff/v1/SamplerState.js';
import type { SegmentSpec as _asyncdiff_v1_SegmentSpec, SegmentSpec__Output as _asyncdiff_v1_SegmentSpec__Output } from './asyncdiff/v1/SegmentSpec.js';
import type { Shape as _asyncdiff_v1_Shape, Shape__Output as _asyncdiff_v1_Shape__Output } from './asyncdiff/v1/Shape.js';
import type { Span as _asyncdiff_v1_Span, Span__Output as _asyncdiff_v1_Span__Output } from './asyncdiff/v1/Span.js';
import type { StartJob as _asyncdiff_v1_StartJob, StartJob__Output as _asyncdiff_v1_StartJob__Output } from './asyncdiff/v1/StartJob.js';
import type { StateReport as _asyncdiff_v1_StateReport, StateReport__Output as _asyncdiff_v1_StateReport__Output } from './asyncdiff/v1/StateReport.js';
import type { StepTensors as _asyncdiff_v1_StepTensors, StepTensors__Output as _asyncdiff_v1_StepTensors__Output } from './asyncdiff/v1/StepTensors.js';
import type { Subscribe as _asyncdiff_v1_Subscribe, Subscribe__Output as _asyncdiff_v1_Subscribe__Output } from './asyncdiff/v1/Subscribe.js';
import type { Task as _asyncdiff_v1_Task, Task__Output as _asyncdiff_v1_Task__Output } from './asyncdiff/v1/Task.js';
import type { Tensor as _asyncdiff_v1_Tensor, Tensor__Output as _asyncdiff_v1_Tensor__Output } from './asyncdiff/v1/Tensor.js';
import type { TensorFrame as _asyncdiff_v1_TensorFrame, TensorFrame__Output as _asyncdiff_v1_TensorFrame__Output } from './asyncdiff/v1/TensorFrame.js';
import type { Throughput as _asyncdiff_v1_Throughput, Throughput__Output as _asyncdiff_v1_Throughput__Output } from './asyncdiff/v1/Throughput.js';
import type { Undeploy as _asyncdiff_v1_Undeploy, Undeploy__Output as _asyncdiff_v1_Undeploy__Output } from './asyncdiff/v1/Undeploy.js';
import type { Unread as _asyncdiff_v1_Unread, Unread__Output as _asyncdiff_v1_Unread__Output } from './asyncdiff/v1/Unread.js';
import type { UploadHeader as _asyncdiff_v1_UploadHeader, UploadHeader__Output as _asyncdiff_v1_UploadHeader__Output } from './asyncdiff/v1/UploadHeader.js';
import type { UploadModelRequest as _asyncdiff_v1_UploadModelRequest, UploadModelRequest__Output as _asyncdiff_v1_UploadModelRequest__Output } from './asyncdiff/v1/UploadModelRequest.js';
import type { UploadModelResponse as _asyncdiff_v1_UploadModelResponse, UploadModelResponse__Output as _asyncdiff_v1_UploadModelResponse__Output } from './asyncdiff/v1/UploadModelResponse.js';
import type { ValueSpec as _asyncdiff_v1_ValueSpec, ValueSpec__Output as _asyncdiff_v1_ValueSpec__Output } from './asyncdiff/v1/ValueSpec.js';
import type { Video as _asyncdiff_v1_Video, Video__Output as _asyncdiff_v1_Video__Output } from './asyncdiff/v1/Video.js';
import type { Warning as _asyncdiff_v1_Warning, Warning__Output as _asyncdiff_v1_Warning__Output } from './asyncdiff/v1/Warning.js';
import type { Welcome as _asyncdiff_v1_Welcome, Welcome__Output as _asyncdiff_v1_Welcome__Output } from './asyncdiff/v1/Welcome.js';
import type { WorkerClient as _asyncdiff_v1_WorkerClient, WorkerDefinition as _asyncdiff_v1_WorkerDefinition } from './asyncdiff/v1/Worker.js';
import type { WorkerBatch as _asyncdiff_v1_WorkerBatch, WorkerBatch__Output as _asyncdiff_v1_WorkerBatch__Output } from './asyncdiff/v1/WorkerBatch.js';
import type { WorkerFault as _asyncdiff_v1_WorkerFault, WorkerFault__Output as _asyncdiff_v1_WorkerFault__Output } from './asyncdiff/v1/WorkerFault.js';
import type { WorkerMessage as _asyncdiff_v1_WorkerMessage, WorkerMessage__Output as _asyncdiff_v1_WorkerMessage__Output } from './asyncdiff/v1/WorkerMessage.js';
import type { WorkerReport as _asyncdiff_v1_WorkerReport, WorkerReport__Output as _asyncdiff_v1_WorkerReport__Output } from './asyncdiff/v1/WorkerReport.js';
import type { WorkerStatus as _asyncdiff_v1_WorkerStatus, WorkerStatus__Output as _asyncdiff_v1_WorkerStatus__Output } from './asyncdiff/v1/WorkerStatus.js';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  asyncdiff: {
    v1: {
      AbsentWorker: MessageTypeDefinition<_asyncdiff_v1_AbsentWorker, _asyncdiff_v1_AbsentWorker__Output>
      Artifact: MessageTypeDefinition<_asyncdiff_v1_Artifact, _asyncdiff_v1_Artifact__Output>
      ArtifactChunk: MessageTypeDefinition<_asyncdiff_v1_ArtifactChunk, _asyncdiff_v1_ArtifactChunk__Output>
      ArtifactClaim: MessageTypeDefinition<_asyncdiff_v1_ArtifactClaim, _asyncdiff_v1_ArtifactClaim__Output>
      ArtifactRange: MessageTypeDefinition<_asyncdiff_v1_ArtifactRange, _asyncdiff_v1_ArtifactRange__Output>
      ArtifactRequest: MessageTypeDefinition<_asyncdiff_v1_ArtifactRequest, _asyncdiff_v1_ArtifactRequest__Output>
      AskState: MessageTypeDefinition<_asyncdiff_v1_AskState, _asyncdiff_v1_AskState__Output>
      AttachJobRequest: MessageTypeDefinition<_asyncdiff_v1_AttachJobRequest, _asyncdiff_v1_AttachJobRequest__Output>
      Batch: MessageTypeDefinition<_asyncdiff_v1_Batch, _asyncdiff_v1_Batch__Output>
      CancelJobRequest: MessageTypeDefinition<_asyncdiff_v1_CancelJobRequest, _asyncdiff_v1_CancelJobRequest__Output>
      CancelJobResponse: MessageTypeDefinition<_asyncdiff_v1_CancelJobResponse, _asyncdiff_v1_CancelJobResponse__Output>
      CarriedState: MessageTypeDefinition<_asyncdiff_v1_CarriedState, _asyncdiff_v1_CarriedState__Output>
      ClosePart: MessageTypeDefinition<_asyncdiff_v1_ClosePart, _asyncdiff_v1_ClosePart__Output>
      /**
       * Served by the coordinator, to clients and to workers.
       */
      Coordinator: SubtypeConstructor<typeof grpc.Client, _asyncdiff_v1_CoordinatorClient> & { service: _asyncdiff_v1_CoordinatorDefinition }
      CoordinatorMessage: MessageTypeDefinition<_asyncdiff_v1_CoordinatorMessage, _asyncdiff_v1_CoordinatorMessage__Output>
      DeclaredDevice: MessageTypeDefinition<_asyncdiff_v1_DeclaredDevice, _asyncdiff_v1_DeclaredDevice__Output>
      DenoiseRequest: MessageTypeDefinition<_asyncdiff_v1_DenoiseRequest, _asyncdiff_v1_DenoiseRequest__Output>
      Deploy: MessageTypeDefinition<_asyncdiff_v1_Deploy, _asyncdiff_v1_Deploy__Output>
      DeployProgress: MessageTypeDefinition<_asyncdiff_v1_DeployProgress, _asyncdiff_v1_DeployProgress__Output>
      Deployed: MessageTypeDefinition<_asyncdiff_v1_Deployed, _asyncdiff_v1_Deployed__Output>
      Done: MessageTypeDefinition<_asyncdiff_v1_Done, _asyncdiff_v1_Done__Output>
      EndJob: MessageTypeDefinition<_asyncdiff_v1_EndJob, _asyncdiff_v1_EndJob__Output>
      ExchangeRequest: MessageTypeDefinition<_asyncdiff_v1_ExchangeRequest, _asyncdiff_v1_ExchangeRequest__Output>
      Foresight: MessageTypeDefinition<_asyncdiff_v1_Foresight, _asyncdiff_v1_Foresight__Output>
      GenerateRequest: MessageTypeDefinition<_asyncdiff_v1_GenerateRequest, _asyncdiff_v1_GenerateRequest__Output>
      GetStatusRequest: MessageTypeDefinition<_asyncdiff_v1_GetStatusRequest, _asyncdiff_v1_GetStatusRequest__Output>
      GetStatusResponse: MessageTypeDefinition<_asyncdiff_v1_GetStatusResponse, _asyncdiff_v1_GetStatusResponse__Output>
      Guidance: MessageTypeDefinition<_asyncdiff_v1_Guidance, _asyncdiff_v1_Guidance__Output>
      Hello: MessageTypeDefinition<_asyncdiff_v1_Hello, _asyncdiff_v1_Hello__Output>
      IssueRound: MessageTypeDefinition<_asyncdiff_v1_IssueRound, _asyncdiff_v1_IssueRound__Output>
      ItemOutput: MessageTypeDefinition<_asyncdiff_v1_ItemOutput, _asyncdiff_v1_ItemOutput__Output>
      ItemOutputs: MessageTypeDefinition<_asyncdiff_v1_ItemOutputs, _asyncdiff_v1_ItemOutputs__Output>
      ItemValues: MessageTypeDefinition<_asyncdiff_v1_ItemValues, _asyncdiff_v1_ItemValues__Output>
      JobEvent: MessageTypeDefinition<_asyncdiff_v1_JobEvent, _asyncdiff_v1_JobEvent__Output>
      JobReport: MessageTypeDefinition<_asyncdiff_v1_JobReport, _asyncdiff_v1_JobReport__Output>
      JobStarted: MessageTypeDefinition<_asyncdiff_v1_JobStarted, _asyncdiff_v1_JobStarted__Output>
      JobSummary: MessageTypeDefinition<_asyncdiff_v1_JobSummary, _asyncdiff_v1_JobSummary__Output>
      JointPair: MessageTypeDefinition<_asyncdiff_v1_JointPair, _asyncdiff_v1_JointPair__Output>
      KeptRegion: MessageTypeDefinition<_asyncdiff_v1_KeptRegion, _asyncdiff_v1_KeptRegion__Output>
      Latents: MessageTypeDefinition<_asyncdiff_v1_Latents, _asyncdiff_v1_Latents__Output>
      Leaving: MessageTypeDefinition<_asyncdiff_v1_Leaving, _asyncdiff_v1_Leaving__Output>
      LinkDown: MessageTypeDefinition<_asyncdiff_v1_LinkDown, _asyncdiff_v1_LinkDown__Output>
      LinksProbed: MessageTypeDefinition<_asyncdiff_v1_LinksProbed, _asyncdiff_v1_LinksProbed__Output>
      ListJobsRequest: MessageTypeDefinition<_asyncdiff_v1_ListJobsRequest, _asyncdiff_v1_ListJobsRequest__Output>
      ListJobsResponse: MessageTypeDefinition<_asyncdiff_v1_ListJobsResponse, _asyncdiff_v1_ListJobsResponse__Output>
      LookAhead: MessageTypeDefinition<_asyncdiff_v1_LookAhead, _asyncdiff_v1_LookAhead__Output>
      NeedArtifacts: MessageTypeDefinition<_asyncdiff_v1_NeedArtifacts, _asyncdiff_v1_NeedArtifacts__Output>
      NoisePrediction: MessageTypeDefinition<_asyncdiff_v1_NoisePrediction, _asyncdiff_v1_NoisePrediction__Output>
      NoiseSeed: MessageTypeDefinition<_asyncdiff_v1_NoiseSeed, _asyncdiff_v1_NoiseSeed__Output>
      NumberList: MessageTypeDefinition<_asyncdiff_v1_NumberList, _asyncdiff_v1_NumberList__Output>
      OpenPart: MessageTypeDefinition<_asyncdiff_v1_OpenPart, _asyncdiff_v1_OpenPart__Output>
      PartOpened: MessageTypeDefinition<_asyncdiff_v1_PartOpened, _asyncdiff_v1_PartOpened__Output>
      PartProgress: MessageTypeDefinition<_asyncdiff_v1_PartProgress, _asyncdiff_v1_PartProgress__Output>
      PartRan: MessageTypeDefinition<_asyncdiff_v1_PartRan, _asyncdiff_v1_PartRan__Output>
      PartTensor: MessageTypeDefinition<_asyncdiff_v1_PartTensor, _asyncdiff_v1_PartTensor__Output>
      Peer: MessageTypeDefinition<_asyncdiff_v1_Peer, _asyncdiff_v1_Peer__Output>
      Ping: MessageTypeDefinition<_asyncdiff_v1_Ping, _asyncdiff_v1_Ping__Output>
      PipelineArgument: MessageTypeDefinition<_asyncdiff_v1_PipelineArgument, _asyncdiff_v1_PipelineArgument__Output>
      PlanRequest: MessageTypeDefinition<_asyncdiff_v1_PlanRequest, _asyncdiff_v1_PlanRequest__Output>
      PlanResponse: MessageTypeDefinition<_asyncdiff_v1_PlanResponse, _asyncdiff_v1_PlanResponse__Output>
      PlanSettings: MessageTypeDefinition<_asyncdiff_v1_PlanSettings, _asyncdiff_v1_PlanSettings__Output>
      Planned: MessageTypeDefinition<_asyncdiff_v1_Planned, _asyncdiff_v1_Planned__Output>
      Pong: MessageTypeDefinition<_asyncdiff_v1_Pong, _asyncdiff_v1_Pong__Output>
      Preparing: MessageTypeDefinition<_asyncdiff_v1_Preparing, _asyncdiff_v1_Preparing__Output>
      Preview: MessageTypeDefinition<_asyncdiff_v1_Preview, _asyncdiff_v1_Preview__Output>
      ProbeChunk: MessageTypeDefinition<_asyncdiff_v1_ProbeChunk, _asyncdiff_v1_ProbeChunk__Output>
      ProbeLinks: MessageTypeDefinition<_asyncdiff_v1_ProbeLinks, _asyncdiff_v1_ProbeLinks__Output>
      ProbeRequest: MessageTypeDefinition<_asyncdiff_v1_ProbeRequest, _asyncdiff_v1_ProbeRequest__Output>
      ProbedLink: MessageTypeDefinition<_asyncdiff_v1_ProbedLink, _asyncdiff_v1_ProbedLink__Output>
      Progress: MessageTypeDefinition<_asyncdiff_v1_Progress, _asyncdiff_v1_Progress__Output>
      Queued: MessageTypeDefinition<_asyncdiff_v1_Queued, _asyncdiff_v1_Queued__Output>
      RelayCredit: MessageTypeDefinition<_asyncdiff_v1_RelayCredit, _asyncdiff_v1_RelayCredit__Output>
      RelayedFrame: MessageTypeDefinition<_asyncdiff_v1_RelayedFrame, _asyncdiff_v1_RelayedFrame__Output>
      Replay: MessageTypeDefinition<_asyncdiff_v1_Replay, _asyncdiff_v1_Replay__Output>
      RoundDone: MessageTypeDefinition<_asyncdiff_v1_RoundDone, _asyncdiff_v1_RoundDone__Output>
      RoundLatents: MessageTypeDefinition<_asyncdiff_v1_RoundLatents, _asyncdiff_v1_RoundLatents__Output>
      Route: MessageTypeDefinition<_asyncdiff_v1_Route, _asyncdiff_v1_Route__Output>
      RouteTarget: MessageTypeDefinition<_asyncdiff_v1_RouteTarget, _asyncdiff_v1_RouteTarget__Output>
      RunHeader: MessageTypeDefinition<_asyncdiff_v1_RunHeader, _asyncdiff_v1_RunHeader__Output>
      RunItem: MessageTypeDefinition<_asyncdiff_v1_RunItem, _asyncdiff_v1_RunItem__Output>
      RunPart: MessageTypeDefinition<_asyncdiff_v1_RunPart, _asyncdiff_v1_RunPart__Output>
      RunReport: MessageTypeDefinition<_asyncdiff_v1_RunReport, _asyncdiff_v1_RunReport__Output>
      RunRequest: MessageTypeDefinition<_asyncdiff_v1_RunRequest, _asyncdiff_v1_RunRequest__Output>
      SamplerStart: MessageTypeDefinition<_asyncdiff_v1_SamplerStart, _asyncdiff_v1_SamplerStart__Output>
      SamplerState: MessageTypeDefinition<_asyncdiff_v1_SamplerState, _asyncdiff_v1_SamplerState__Output>
      SegmentSpec: MessageTypeDefinition<_asyncdiff_v1_SegmentSpec, _asyncdiff_v1_SegmentSpec__Output>
      Shape: MessageTypeDefinition<_asyncdiff_v1_Shape, _asyncdiff_v1_Shape__Output>
      Span: MessageTypeDefinition<_asyncdiff_v1_Span, _asyncdiff_v1_Span__Output>
      StartJob: MessageTypeDefinition<_asyncdiff_v1_StartJob, _asyncdiff_v1_StartJob__Output>
      StateReport: MessageTypeDefinition<_asyncdiff_v1_StateReport, _asyncdiff_v1_StateReport__Output>
      StepTensors: MessageTypeDefinition<_asyncdiff_v1_StepTensors, _asyncdiff_v1_StepTensors__Output>
      Subscribe: MessageTypeDefinition<_asyncdiff_v1_Subscribe, _asyncdiff_v1_Subscribe__Output>
      Task: MessageTypeDefinition<_asyncdiff_v1_Task, _asyncdiff_v1_Task__Output>
      Tensor: MessageTypeDefinition<_asyncdiff_v1_Tensor, _asyncdiff_v1_Tensor__Output>
      TensorFrame: MessageTypeDefinition<_asyncdiff_v1_TensorFrame, _asyncdiff_v1_TensorFrame__Output>
      Throughput: MessageTypeDefinition<_asyncdiff_v1_Throughput, _asyncdiff_v1_Throughput__Output>
      Undeploy: MessageTypeDefinition<_asyncdiff_v1_Undeploy, _asyncdiff_v1_Undeploy__Output>
      Unread: MessageTypeDefinition<_asyncdiff_v1_Unread, _asyncdiff_v1_Unread__Output>
      UploadHeader: MessageTypeDefinition<_asyncdiff_v1_UploadHeader, _asyncdiff_v1_UploadHeader__Output>
      UploadModelRequest: MessageTypeDefinition<_asyncdiff_v1_UploadModelRequest, _asyncdiff_v1_UploadModelRequest__Output>
      UploadModelResponse: MessageTypeDefinition<_asyncdiff_v1_UploadModelResponse, _asyncdiff_v1_UploadModelResponse__Output>
      ValueSpec: MessageTypeDefinition<_asyncdiff_v1_ValueSpec, _asyncdiff_v1_ValueSpec__Output>
      Video: MessageTypeDefinition<_asyncdiff_v1_Video, _asyncdiff_v1_Video__Output>
      Warning: MessageTypeDefinition<_asyncdiff_v1_Warning, _asyncdiff_v1_Warning__Output>
      Welcome: MessageTypeDefinition<_asyncdiff_v1_Welcome, _asyncdiff_v1_Welcome__Output>
      /**
       * Served by every worker.
       */
      Worker: SubtypeConstructor<typeof grpc.Client, _asyncdiff_v1_WorkerClient> & { service: _asyncdiff_v1_WorkerDefinition }
      WorkerBatch: MessageTypeDefinition<_asyncdiff_v1_WorkerBatch, _asyncdiff_v1_WorkerBatch__Output>
      WorkerFault: MessageTypeDefinition<_asyncdiff_v1_WorkerFault, _asyncdiff_v1_WorkerFault__Output>
      WorkerMessage: MessageTypeDefinition<_asyncdiff_v1_WorkerMessage, _asyncdiff_v1_WorkerMessage__Output>
      WorkerReport: MessageTypeDefinition<_asyncdiff_v1_WorkerReport, _asyncdiff_v1_WorkerReport__Output>
      WorkerStatus: MessageTypeDefinition<_asyncdiff_v1_WorkerStatus, _asyncdiff_v1_WorkerStatus__Output>
    }
  }
}

