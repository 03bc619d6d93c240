export { fromGuidanceMessage, toGuidanceMessage } from './guidance.js';
export { fromFault, fromJobReport, toFault, toJobReport } from './reports.js';
export { fromIssueRound, fromUnread, toIssueRound } from './rounds.js';
export { fromRouteMessage, toRouteMessage } from './routes.js';
export { fromSamplerMessage, fromSamplerState, toSamplerMessage, toSamplerState } from './sampler.js';
export { fromSegmentMessage, toSegmentMessage } from './segments.js';
export { fromReplayMessage } from './replay.js';
