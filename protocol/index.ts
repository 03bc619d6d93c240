export {
  fromDeployMessage,
  fromOpenPartMessage,
  type PartArtifact,
  type PartOrder,
  type Peer,
  type PipelinePart,
  toDeployMessage,
  toOpenPartMessage,
} from './deploy.js';
export { fromGuidanceMessage, toGuidanceMessage } from './guidance.js';
export { fromFault, fromJobReport, toFault, toJobReport } from './reports.js';
export { fromIssueRound, fromUnread, toIssueRound } from './rounds.js';
export { fromSamplerMessage, fromSamplerState, toSamplerMessage, toSamplerState } from './sampler.js';
export { fromReplayMessage } from './replay.js';
