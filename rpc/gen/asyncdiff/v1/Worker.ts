// Original file: proto/asyncdiff/v1/worker.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { ArtifactChunk as _asyncdiff_v1_ArtifactChunk, ArtifactChunk__Output as _asyncdiff_v1_ArtifactChunk__Output } from '../../asyncdiff/v1/ArtifactChunk.js';
import type { ArtifactRequest as _asyncdiff_v1_ArtifactRequest, ArtifactRequest__Output as _asyncdiff_v1_ArtifactRequest__Output } from '../../asyncdiff/v1/ArtifactRequest.js';
import type { CoordinatorMessage as _asyncdiff_v1_CoordinatorMessage, CoordinatorMessage__Output as _asyncdiff_v1_CoordinatorMessage__Output } from '../../asyncdiff/v1/CoordinatorMessage.js';
import type { ExchangeRequest as _asyncdiff_v1_ExchangeRequest, ExchangeRequest__Output as _asyncdiff_v1_ExchangeRequest__Output } from '../../asyncdiff/v1/ExchangeRequest.js';
import type { ProbeChunk as _asyncdiff_v1_ProbeChunk, ProbeChunk__Output as _asyncdiff_v1_ProbeChunk__Output } from '../../asyncdiff/v1/ProbeChunk.js';
import type { ProbeRequest as _asyncdiff_v1_ProbeRequest, ProbeRequest__Output as _asyncdiff_v1_ProbeRequest__Output } from '../../asyncdiff/v1/ProbeRequest.js';
import type { TensorFrame as _asyncdiff_v1_TensorFrame, TensorFrame__Output as _asyncdiff_v1_TensorFrame__Output } from '../../asyncdiff/v1/TensorFrame.js';
import type { WorkerMessage as _asyncdiff_v1_WorkerMessage, WorkerMessage__Output as _asyncdiff_v1_WorkerMessage__Output } from '../../asyncdiff/v1/WorkerMessage.js';

/**
 * Served by every worker.
 */
export interface WorkerClient extends grpc.Client {
  /**
   * Used by a coordinator that was given the worker's address (`serve --workers`). The same conversation as
   * Coordinator.Join, with the other side dialling.
   */
  Attach(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_asyncdiff_v1_CoordinatorMessage, _asyncdiff_v1_WorkerMessage__Output>;
  Attach(options?: grpc.CallOptions): grpc.ClientDuplexStream<_asyncdiff_v1_CoordinatorMessage, _asyncdiff_v1_WorkerMessage__Output>;
  /**
   * Used by a coordinator that was given the worker's address (`serve --workers`). The same conversation as
   * Coordinator.Join, with the other side dialling.
   */
  attach(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_asyncdiff_v1_CoordinatorMessage, _asyncdiff_v1_WorkerMessage__Output>;
  attach(options?: grpc.CallOptions): grpc.ClientDuplexStream<_asyncdiff_v1_CoordinatorMessage, _asyncdiff_v1_WorkerMessage__Output>;
  
  /**
   * Boundary tensors, producer to consumer. The consumer dials, so that bulk flows from server to client, under the
   * flow-control window that the client sets (docs/reference/transport.md).
   */
  Exchange(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_asyncdiff_v1_ExchangeRequest, _asyncdiff_v1_TensorFrame__Output>;
  Exchange(options?: grpc.CallOptions): grpc.ClientDuplexStream<_asyncdiff_v1_ExchangeRequest, _asyncdiff_v1_TensorFrame__Output>;
  /**
   * Boundary tensors, producer to consumer. The consumer dials, so that bulk flows from server to client, under the
   * flow-control window that the client sets (docs/reference/transport.md).
   */
  exchange(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_asyncdiff_v1_ExchangeRequest, _asyncdiff_v1_TensorFrame__Output>;
  exchange(options?: grpc.CallOptions): grpc.ClientDuplexStream<_asyncdiff_v1_ExchangeRequest, _asyncdiff_v1_TensorFrame__Output>;
  
  /**
   * Graphs and tensors of a deployment, to another worker of it.
   */
  FetchArtifacts(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_asyncdiff_v1_ArtifactRequest, _asyncdiff_v1_ArtifactChunk__Output>;
  FetchArtifacts(options?: grpc.CallOptions): grpc.ClientDuplexStream<_asyncdiff_v1_ArtifactRequest, _asyncdiff_v1_ArtifactChunk__Output>;
  /**
   * Graphs and tensors of a deployment, to another worker of it.
   */
  fetchArtifacts(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_asyncdiff_v1_ArtifactRequest, _asyncdiff_v1_ArtifactChunk__Output>;
  fetchArtifacts(options?: grpc.CallOptions): grpc.ClientDuplexStream<_asyncdiff_v1_ArtifactRequest, _asyncdiff_v1_ArtifactChunk__Output>;
  
  /**
   * Sends that many bytes, for the measurement of a link by its receiver.
   */
  Probe(argument: _asyncdiff_v1_ProbeRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_asyncdiff_v1_ProbeChunk__Output>;
  Probe(argument: _asyncdiff_v1_ProbeRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_asyncdiff_v1_ProbeChunk__Output>;
  /**
   * Sends that many bytes, for the measurement of a link by its receiver.
   */
  probe(argument: _asyncdiff_v1_ProbeRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_asyncdiff_v1_ProbeChunk__Output>;
  probe(argument: _asyncdiff_v1_ProbeRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_asyncdiff_v1_ProbeChunk__Output>;
  
  /**
   * Coordinator.FetchArtifacts, with the other side dialling: to a worker that the coordinator has dialled (`serve --workers`). Metadata:
   * `asyncdiff-deployment` has the deployment's id, `asyncdiff-secret-bin` its secret.
   */
  SupplyArtifacts(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_asyncdiff_v1_ArtifactChunk, _asyncdiff_v1_ArtifactRequest__Output>;
  SupplyArtifacts(options?: grpc.CallOptions): grpc.ClientDuplexStream<_asyncdiff_v1_ArtifactChunk, _asyncdiff_v1_ArtifactRequest__Output>;
  /**
   * Coordinator.FetchArtifacts, with the other side dialling: to a worker that the coordinator has dialled (`serve --workers`). Metadata:
   * `asyncdiff-deployment` has the deployment's id, `asyncdiff-secret-bin` its secret.
   */
  supplyArtifacts(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_asyncdiff_v1_ArtifactChunk, _asyncdiff_v1_ArtifactRequest__Output>;
  supplyArtifacts(options?: grpc.CallOptions): grpc.ClientDuplexStream<_asyncdiff_v1_ArtifactChunk, _asyncdiff_v1_ArtifactRequest__Output>;
  
}

/**
 * Served by every worker.
 */
export interface WorkerHandlers extends grpc.UntypedServiceImplementation {
  /**
   * Used by a coordinator that was given the worker's address (`serve --workers`). The same conversation as
   * Coordinator.Join, with the other side dialling.
   */
  Attach: grpc.handleBidiStreamingCall<_asyncdiff_v1_CoordinatorMessage__Output, _asyncdiff_v1_WorkerMessage>;
  
  /**
   * Boundary tensors, producer to consumer. The consumer dials, so that bulk flows from server to client, under the
   * flow-control window that the client sets (docs/reference/transport.md).
   */
  Exchange: grpc.handleBidiStreamingCall<_asyncdiff_v1_ExchangeRequest__Output, _asyncdiff_v1_TensorFrame>;
  
  /**
   * Graphs and tensors of a deployment, to another worker of it.
   */
  FetchArtifacts: grpc.handleBidiStreamingCall<_asyncdiff_v1_ArtifactRequest__Output, _asyncdiff_v1_ArtifactChunk>;
  
  /**
   * Sends that many bytes, for the measurement of a link by its receiver.
   */
  Probe: grpc.handleServerStreamingCall<_asyncdiff_v1_ProbeRequest__Output, _asyncdiff_v1_ProbeChunk>;
  
  /**
   * Coordinator.FetchArtifacts, with the other side dialling: to a worker that the coordinator has dialled (`serve --workers`). Metadata:
   * `asyncdiff-deployment` has the deployment's id, `asyncdiff-secret-bin` its secret.
   */
  SupplyArtifacts: grpc.handleBidiStreamingCall<_asyncdiff_v1_ArtifactChunk__Output, _asyncdiff_v1_ArtifactRequest>;
  
}

export interface WorkerDefinition extends grpc.ServiceDefinition {
  Attach: MethodDefinition<_asyncdiff_v1_CoordinatorMessage, _asyncdiff_v1_WorkerMessage, _asyncdiff_v1_CoordinatorMessage__Output, _asyncdiff_v1_WorkerMessage__Output>
  Exchange: MethodDefinition<_asyncdiff_v1_ExchangeRequest, _asyncdiff_v1_TensorFrame, _asyncdiff_v1_ExchangeRequest__Output, _asyncdiff_v1_TensorFrame__Output>
  FetchArtifacts: MethodDefinition<_asyncdiff_v1_ArtifactRequest, _asyncdiff_v1_ArtifactChunk, _asyncdiff_v1_ArtifactRequest__Output, _asyncdiff_v1_ArtifactChunk__Output>
  Probe: MethodDefinition<_asyncdiff_v1_ProbeRequest, _asyncdiff_v1_ProbeChunk, _asyncdiff_v1_ProbeRequest__Output, _asyncdiff_v1_ProbeChunk__Output>
  SupplyArtifacts: MethodDefinition<_asyncdiff_v1_ArtifactChunk, _asyncdiff_v1_ArtifactRequest, _asyncdiff_v1_ArtifactChunk__Output, _asyncdiff_v1_ArtifactRequest__Output>
}
