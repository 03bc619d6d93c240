// Original file: proto/asyncdiff/v1/coordinator.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { ArtifactChunk as _asyncdiff_v1_ArtifactChunk, ArtifactChunk__Output as _asyncdiff_v1_ArtifactChunk__Output } from '../../asyncdiff/v1/ArtifactChunk.js';
import type { ArtifactRequest as _asyncdiff_v1_ArtifactRequest, ArtifactRequest__Output as _asyncdiff_v1_ArtifactRequest__Output } from '../../asyncdiff/v1/ArtifactRequest.js';
import type { AttachJobRequest as _asyncdiff_v1_AttachJobRequest, AttachJobRequest__Output as _asyncdiff_v1_AttachJobRequest__Output } from '../../asyncdiff/v1/AttachJobRequest.js';
import type { CancelJobRequest as _asyncdiff_v1_CancelJobRequest, CancelJobRequest__Output as _asyncdiff_v1_CancelJobRequest__Output } from '../../asyncdiff/v1/CancelJobRequest.js';
import type { CancelJobResponse as _asyncdiff_v1_CancelJobResponse, CancelJobResponse__Output as _asyncdiff_v1_CancelJobResponse__Output } from '../../asyncdiff/v1/CancelJobResponse.js';
import type { CoordinatorMessage as _asyncdiff_v1_CoordinatorMessage, CoordinatorMessage__Output as _asyncdiff_v1_CoordinatorMessage__Output } from '../../asyncdiff/v1/CoordinatorMessage.js';
import type { DenoiseRequest as _asyncdiff_v1_DenoiseRequest, DenoiseRequest__Output as _asyncdiff_v1_DenoiseRequest__Output } from '../../asyncdiff/v1/DenoiseRequest.js';
import type { GenerateRequest as _asyncdiff_v1_GenerateRequest, GenerateRequest__Output as _asyncdiff_v1_GenerateRequest__Output } from '../../asyncdiff/v1/GenerateRequest.js';
import type { GetStatusRequest as _asyncdiff_v1_GetStatusRequest, GetStatusRequest__Output as _asyncdiff_v1_GetStatusRequest__Output } from '../../asyncdiff/v1/GetStatusRequest.js';
import type { GetStatusResponse as _asyncdiff_v1_GetStatusResponse, GetStatusResponse__Output as _asyncdiff_v1_GetStatusResponse__Output } from '../../asyncdiff/v1/GetStatusResponse.js';
import type { JobEvent as _asyncdiff_v1_JobEvent, JobEvent__Output as _asyncdiff_v1_JobEvent__Output } from '../../asyncdiff/v1/JobEvent.js';
import type { ListJobsRequest as _asyncdiff_v1_ListJobsRequest, ListJobsRequest__Output as _asyncdiff_v1_ListJobsRequest__Output } from '../../asyncdiff/v1/ListJobsRequest.js';
import type { ListJobsResponse as _asyncdiff_v1_ListJobsResponse, ListJobsResponse__Output as _asyncdiff_v1_ListJobsResponse__Output } from '../../asyncdiff/v1/ListJobsResponse.js';
import type { PlanRequest as _asyncdiff_v1_PlanRequest, PlanRequest__Output as _asyncdiff_v1_PlanRequest__Output } from '../../asyncdiff/v1/PlanRequest.js';
import type { PlanResponse as _asyncdiff_v1_PlanResponse, PlanResponse__Output as _asyncdiff_v1_PlanResponse__Output } from '../../asyncdiff/v1/PlanResponse.js';
import type { RunRequest as _asyncdiff_v1_RunRequest, RunRequest__Output as _asyncdiff_v1_RunRequest__Output } from '../../asyncdiff/v1/RunRequest.js';
import type { UploadModelRequest as _asyncdiff_v1_UploadModelRequest, UploadModelRequest__Output as _asyncdiff_v1_UploadModelRequest__Output } from '../../asyncdiff/v1/UploadModelRequest.js';
import type { UploadModelResponse as _asyncdiff_v1_UploadModelResponse, UploadModelResponse__Output as _asyncdiff_v1_UploadModelResponse__Output } from '../../asyncdiff/v1/UploadModelResponse.js';
import type { WorkerMessage as _asyncdiff_v1_WorkerMessage, WorkerMessage__Output as _asyncdiff_v1_WorkerMessage__Output } from '../../asyncdiff/v1/WorkerMessage.js';

/**
 * Served by the coordinator, to clients and to workers.
 */
export interface CoordinatorClient extends grpc.Client {
  /**
   * Follows a job that waits, runs, or has ended lately: first where it stands, then what happens. Cancelling this call leaves the job alone.
   */
  AttachJob(argument: _asyncdiff_v1_AttachJobRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_asyncdiff_v1_JobEvent__Output>;
  AttachJob(argument: _asyncdiff_v1_AttachJobRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_asyncdiff_v1_JobEvent__Output>;
  /**
   * Follows a job that waits, runs, or has ended lately: first where it stands, then what happens. Cancelling this call leaves the job alone.
   */
  attachJob(argument: _asyncdiff_v1_AttachJobRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_asyncdiff_v1_JobEvent__Output>;
  attachJob(argument: _asyncdiff_v1_AttachJobRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_asyncdiff_v1_JobEvent__Output>;
  
  CancelJob(argument: _asyncdiff_v1_CancelJobRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_asyncdiff_v1_CancelJobResponse__Output>): grpc.ClientUnaryCall;
  CancelJob(argument: _asyncdiff_v1_CancelJobRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_asyncdiff_v1_CancelJobResponse__Output>): grpc.ClientUnaryCall;
  CancelJob(argument: _asyncdiff_v1_CancelJobRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_asyncdiff_v1_CancelJobResponse__Output>): grpc.ClientUnaryCall;
  CancelJob(argument: _asyncdiff_v1_CancelJobRequest, callback: grpc.requestCallback<_asyncdiff_v1_CancelJobResponse__Output>): grpc.ClientUnaryCall;
  cancelJob(argument: _asyncdiff_v1_CancelJobRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_asyncdiff_v1_CancelJobResponse__Output>): grpc.ClientUnaryCall;
  cancelJob(argument: _asyncdiff_v1_CancelJobRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_asyncdiff_v1_CancelJobResponse__Output>): grpc.ClientUnaryCall;
  cancelJob(argument: _asyncdiff_v1_CancelJobRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_asyncdiff_v1_CancelJobResponse__Output>): grpc.ClientUnaryCall;
  cancelJob(argument: _asyncdiff_v1_CancelJobRequest, callback: grpc.requestCallback<_asyncdiff_v1_CancelJobResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Any noise predictor, without a text pipeline. The job is cancelled when the call is, unless it is detached.
   */
  Denoise(argument: _asyncdiff_v1_DenoiseRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_asyncdiff_v1_JobEvent__Output>;
  Denoise(argument: _asyncdiff_v1_DenoiseRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_asyncdiff_v1_JobEvent__Output>;
  /**
   * Any noise predictor, without a text pipeline. The job is cancelled when the call is, unless it is detached.
   */
  denoise(argument: _asyncdiff_v1_DenoiseRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_asyncdiff_v1_JobEvent__Output>;
  denoise(argument: _asyncdiff_v1_DenoiseRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_asyncdiff_v1_JobEvent__Output>;
  
  /**
   * Graphs and tensors of a deployment, to a worker of it.
   */
  FetchArtifacts(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_asyncdiff_v1_ArtifactRequest, _asyncdiff_v1_ArtifactChunk__Output>;
  FetchArtifacts(options?: grpc.CallOptions): grpc.ClientDuplexStream<_asyncdiff_v1_ArtifactRequest, _asyncdiff_v1_ArtifactChunk__Output>;
  /**
   * Graphs and tensors of a deployment, to a worker of it.
   */
  fetchArtifacts(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_asyncdiff_v1_ArtifactRequest, _asyncdiff_v1_ArtifactChunk__Output>;
  fetchArtifacts(options?: grpc.CallOptions): grpc.ClientDuplexStream<_asyncdiff_v1_ArtifactRequest, _asyncdiff_v1_ArtifactChunk__Output>;
  
  /**
   * Text to image with the coordinator's model. The job is cancelled when the call is, unless it is detached.
   */
  Generate(argument: _asyncdiff_v1_GenerateRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_asyncdiff_v1_JobEvent__Output>;
  Generate(argument: _asyncdiff_v1_GenerateRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_asyncdiff_v1_JobEvent__Output>;
  /**
   * Text to image with the coordinator's model. The job is cancelled when the call is, unless it is detached.
   */
  generate(argument: _asyncdiff_v1_GenerateRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_asyncdiff_v1_JobEvent__Output>;
  generate(argument: _asyncdiff_v1_GenerateRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_asyncdiff_v1_JobEvent__Output>;
  
  GetStatus(argument: _asyncdiff_v1_GetStatusRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_asyncdiff_v1_GetStatusResponse__Output>): grpc.ClientUnaryCall;
  GetStatus(argument: _asyncdiff_v1_GetStatusRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_asyncdiff_v1_GetStatusResponse__Output>): grpc.ClientUnaryCall;
  GetStatus(argument: _asyncdiff_v1_GetStatusRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_asyncdiff_v1_GetStatusResponse__Output>): grpc.ClientUnaryCall;
  GetStatus(argument: _asyncdiff_v1_GetStatusRequest, callback: grpc.requestCallback<_asyncdiff_v1_GetStatusResponse__Output>): grpc.ClientUnaryCall;
  getStatus(argument: _asyncdiff_v1_GetStatusRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_asyncdiff_v1_GetStatusResponse__Output>): grpc.ClientUnaryCall;
  getStatus(argument: _asyncdiff_v1_GetStatusRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_asyncdiff_v1_GetStatusResponse__Output>): grpc.ClientUnaryCall;
  getStatus(argument: _asyncdiff_v1_GetStatusRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_asyncdiff_v1_GetStatusResponse__Output>): grpc.ClientUnaryCall;
  getStatus(argument: _asyncdiff_v1_GetStatusRequest, callback: grpc.requestCallback<_asyncdiff_v1_GetStatusResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * A worker registers and stays connected.
   */
  Join(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_asyncdiff_v1_WorkerMessage, _asyncdiff_v1_CoordinatorMessage__Output>;
  Join(options?: grpc.CallOptions): grpc.ClientDuplexStream<_asyncdiff_v1_WorkerMessage, _asyncdiff_v1_CoordinatorMessage__Output>;
  /**
   * A worker registers and stays connected.
   */
  join(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_asyncdiff_v1_WorkerMessage, _asyncdiff_v1_CoordinatorMessage__Output>;
  join(options?: grpc.CallOptions): grpc.ClientDuplexStream<_asyncdiff_v1_WorkerMessage, _asyncdiff_v1_CoordinatorMessage__Output>;
  
  /**
   * The caller's jobs that wait, run, or have ended lately, the newest first.
   */
  ListJobs(argument: _asyncdiff_v1_ListJobsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_asyncdiff_v1_ListJobsResponse__Output>): grpc.ClientUnaryCall;
  ListJobs(argument: _asyncdiff_v1_ListJobsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_asyncdiff_v1_ListJobsResponse__Output>): grpc.ClientUnaryCall;
  ListJobs(argument: _asyncdiff_v1_ListJobsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_asyncdiff_v1_ListJobsResponse__Output>): grpc.ClientUnaryCall;
  ListJobs(argument: _asyncdiff_v1_ListJobsRequest, callback: grpc.requestCallback<_asyncdiff_v1_ListJobsResponse__Output>): grpc.ClientUnaryCall;
  /**
   * The caller's jobs that wait, run, or have ended lately, the newest first.
   */
  listJobs(argument: _asyncdiff_v1_ListJobsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_asyncdiff_v1_ListJobsResponse__Output>): grpc.ClientUnaryCall;
  listJobs(argument: _asyncdiff_v1_ListJobsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_asyncdiff_v1_ListJobsResponse__Output>): grpc.ClientUnaryCall;
  listJobs(argument: _asyncdiff_v1_ListJobsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_asyncdiff_v1_ListJobsResponse__Output>): grpc.ClientUnaryCall;
  listJobs(argument: _asyncdiff_v1_ListJobsRequest, callback: grpc.requestCallback<_asyncdiff_v1_ListJobsResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Cut a noise predictor and say how.
   */
  Plan(argument: _asyncdiff_v1_PlanRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_asyncdiff_v1_PlanResponse__Output>): grpc.ClientUnaryCall;
  Plan(argument: _asyncdiff_v1_PlanRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_asyncdiff_v1_PlanResponse__Output>): grpc.ClientUnaryCall;
  Plan(argument: _asyncdiff_v1_PlanRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_asyncdiff_v1_PlanResponse__Output>): grpc.ClientUnaryCall;
  Plan(argument: _asyncdiff_v1_PlanRequest, callback: grpc.requestCallback<_asyncdiff_v1_PlanResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Cut a noise predictor and say how.
   */
  plan(argument: _asyncdiff_v1_PlanRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_asyncdiff_v1_PlanResponse__Output>): grpc.ClientUnaryCall;
  plan(argument: _asyncdiff_v1_PlanRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_asyncdiff_v1_PlanResponse__Output>): grpc.ClientUnaryCall;
  plan(argument: _asyncdiff_v1_PlanRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_asyncdiff_v1_PlanResponse__Output>): grpc.ClientUnaryCall;
  plan(argument: _asyncdiff_v1_PlanRequest, callback: grpc.requestCallback<_asyncdiff_v1_PlanResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * A single-pass model over a list of items: a header, then the items. Outputs come as ItemOutputs; the job is cancelled when the call is.
   */
  Run(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_asyncdiff_v1_RunRequest, _asyncdiff_v1_JobEvent__Output>;
  Run(options?: grpc.CallOptions): grpc.ClientDuplexStream<_asyncdiff_v1_RunRequest, _asyncdiff_v1_JobEvent__Output>;
  /**
   * A single-pass model over a list of items: a header, then the items. Outputs come as ItemOutputs; the job is cancelled when the call is.
   */
  run(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_asyncdiff_v1_RunRequest, _asyncdiff_v1_JobEvent__Output>;
  run(options?: grpc.CallOptions): grpc.ClientDuplexStream<_asyncdiff_v1_RunRequest, _asyncdiff_v1_JobEvent__Output>;
  
  /**
   * Store a noise predictor on the coordinator for Denoise and Plan, by content.
   */
  UploadModel(metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_asyncdiff_v1_UploadModelResponse__Output>): grpc.ClientWritableStream<_asyncdiff_v1_UploadModelRequest>;
  UploadModel(metadata: grpc.Metadata, callback: grpc.requestCallback<_asyncdiff_v1_UploadModelResponse__Output>): grpc.ClientWritableStream<_asyncdiff_v1_UploadModelRequest>;
  UploadModel(options: grpc.CallOptions, callback: grpc.requestCallback<_asyncdiff_v1_UploadModelResponse__Output>): grpc.ClientWritableStream<_asyncdiff_v1_UploadModelRequest>;
  UploadModel(callback: grpc.requestCallback<_asyncdiff_v1_UploadModelResponse__Output>): grpc.ClientWritableStream<_asyncdiff_v1_UploadModelRequest>;
  /**
   * Store a noise predictor on the coordinator for Denoise and Plan, by content.
   */
  uploadModel(metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_asyncdiff_v1_UploadModelResponse__Output>): grpc.ClientWritableStream<_asyncdiff_v1_UploadModelRequest>;
  uploadModel(metadata: grpc.Metadata, callback: grpc.requestCallback<_asyncdiff_v1_UploadModelResponse__Output>): grpc.ClientWritableStream<_asyncdiff_v1_UploadModelRequest>;
  uploadModel(options: grpc.CallOptions, callback: grpc.requestCallback<_asyncdiff_v1_UploadModelResponse__Output>): grpc.ClientWritableStream<_asyncdiff_v1_UploadModelRequest>;
  uploadModel(callback: grpc.requestCallback<_asyncdiff_v1_UploadModelResponse__Output>): grpc.ClientWritableStream<_asyncdiff_v1_UploadModelRequest>;
  
}

/**
 * Served by the coordinator, to clients and to workers.
 */
export interface CoordinatorHandlers extends grpc.UntypedServiceImplementation {
  /**
   * Follows a job that waits, runs, or has ended lately: first where it stands, then what happens. Cancelling this call leaves the job alone.
   */
  AttachJob: grpc.handleServerStreamingCall<_asyncdiff_v1_AttachJobRequest__Output, _asyncdiff_v1_JobEvent>;
  
  CancelJob: grpc.handleUnaryCall<_asyncdiff_v1_CancelJobRequest__Output, _asyncdiff_v1_CancelJobResponse>;
  
  /**
   * Any noise predictor, without a text pipeline. The job is cancelled when the call is, unless it is detached.
   */
  Denoise: grpc.handleServerStreamingCall<_asyncdiff_v1_DenoiseRequest__Output, _asyncdiff_v1_JobEvent>;
  
  /**
   * Graphs and tensors of a deployment, to a worker of it.
   */
  FetchArtifacts: grpc.handleBidiStreamingCall<_asyncdiff_v1_ArtifactRequest__Output, _asyncdiff_v1_ArtifactChunk>;
  
  /**
   * Text to image with the coordinator's model. The job is cancelled when the call is, unless it is detached.
   */
  Generate: grpc.handleServerStreamingCall<_asyncdiff_v1_GenerateRequest__Output, _asyncdiff_v1_JobEvent>;
  
  GetStatus: grpc.handleUnaryCall<_asyncdiff_v1_GetStatusRequest__Output, _asyncdiff_v1_GetStatusResponse>;
  
  /**
   * A worker registers and stays connected.
   */
  Join: grpc.handleBidiStreamingCall<_asyncdiff_v1_WorkerMessage__Output, _asyncdiff_v1_CoordinatorMessage>;
  
  /**
   * The caller's jobs that wait, run, or have ended lately, the newest first.
   */
  ListJobs: grpc.handleUnaryCall<_asyncdiff_v1_ListJobsRequest__Output, _asyncdiff_v1_ListJobsResponse>;
  
  /**
   * Cut a noise predictor and say how.
   */
  Plan: grpc.handleUnaryCall<_asyncdiff_v1_PlanRequest__Output, _asyncdiff_v1_PlanResponse>;
  
  /**
   * A single-pass model over a list of items: a header, then the items. Outputs come as ItemOutputs; the job is cancelled when the call is.
   */
  Run: grpc.handleBidiStreamingCall<_asyncdiff_v1_RunRequest__Output, _asyncdiff_v1_JobEvent>;
  
  /**
   * Store a noise predictor on the coordinator for Denoise and Plan, by content.
   */
  UploadModel: grpc.handleClientStreamingCall<_asyncdiff_v1_UploadModelRequest__Output, _asyncdiff_v1_UploadModelResponse>;
  
}

export interface CoordinatorDefinition extends grpc.ServiceDefinition {
  AttachJob: MethodDefinition<_asyncdiff_v1_AttachJobRequest, _asyncdiff_v1_JobEvent, _asyncdiff_v1_AttachJobRequest__Output, _asyncdiff_v1_JobEvent__Output>
  CancelJob: MethodDefinition<_asyncdiff_v1_CancelJobRequest, _asyncdiff_v1_CancelJobResponse, _asyncdiff_v1_CancelJobRequest__Output, _asyncdiff_v1_CancelJobResponse__Output>
  Denoise: MethodDefinition<_asyncdiff_v1_DenoiseRequest, _asyncdiff_v1_JobEvent, _asyncdiff_v1_DenoiseRequest__Output, _asyncdiff_v1_JobEvent__Output>
  FetchArtifacts: MethodDefinition<_asyncdiff_v1_ArtifactRequest, _asyncdiff_v1_ArtifactChunk, _asyncdiff_v1_ArtifactRequest__Output, _asyncdiff_v1_ArtifactChunk__Output>
  Generate: MethodDefinition<_asyncdiff_v1_GenerateRequest, _asyncdiff_v1_JobEvent, _asyncdiff_v1_GenerateRequest__Output, _asyncdiff_v1_JobEvent__Output>
  GetStatus: MethodDefinition<_asyncdiff_v1_GetStatusRequest, _asyncdiff_v1_GetStatusResponse, _asyncdiff_v1_GetStatusRequest__Output, _asyncdiff_v1_GetStatusResponse__Output>
  Join: MethodDefinition<_asyncdiff_v1_WorkerMessage, _asyncdiff_v1_CoordinatorMessage, _asyncdiff_v1_WorkerMessage__Output, _asyncdiff_v1_CoordinatorMessage__Output>
  ListJobs: MethodDefinition<_asyncdiff_v1_ListJobsRequest, _asyncdiff_v1_ListJobsResponse, _asyncdiff_v1_ListJobsRequest__Output, _asyncdiff_v1_ListJobsResponse__Output>
  Plan: MethodDefinition<_asyncdiff_v1_PlanRequest, _asyncdiff_v1_PlanResponse, _asyncdiff_v1_PlanRequest__Output, _asyncdiff_v1_PlanResponse__Output>
  Run: MethodDefinition<_asyncdiff_v1_RunRequest, _asyncdiff_v1_JobEvent, _asyncdiff_v1_RunRequest__Output, _asyncdiff_v1_JobEvent__Output>
  UploadModel: MethodDefinition<_asyncdiff_v1_UploadModelRequest, _asyncdiff_v1_UploadModelResponse, _asyncdiff_v1_UploadModelRequest__Output, _asyncdiff_v1_UploadModelResponse__Output>
}
