/** Streams between coordinator and workers: a client of the coordinator has none. */
export {
  type ArtifactClaim,
  ArtifactSupply,
  DEPLOYMENT_KEY,
  DEPLOYMENT_SECRET_KEY,
  type FindArtifact,
  MAX_RANGE_BYTES,
  MAX_RANGES,
  type SupplyStream,
} from './artifact-supply.js';
export type {
  CoordinatorStream,
  IncomingFrame,
  SendToCoordinator,
  SendToWorker,
  WorkerStream,
} from './control-ends.js';
export { ControlStream } from './control-stream.js';
export { type AssemblerLimits, FrameAssembler, PART_CHUNKING, type ReceivedMeta } from './frame-assembler.js';
export {
  RELAY_BACKLOG_BYTES,
  RELAY_CHUNKING,
  relayCreditBytes,
  relayedBytes,
  RelayWindow,
  relayWindowBytes,
} from './relay-window.js';
export { onClientEnd } from './server-call-end.js';
