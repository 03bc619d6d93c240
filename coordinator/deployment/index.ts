export { Deployment } from './deployment.js';
export { type DeploymentRequest, Deployments } from './deployments.js';
export type { OnPreparing, Preparing } from './preparing.js';
export { RelayMeter } from './relay.js';
export { DistributedExecutor } from './distributed-executor.js';
export { ItemExecutor, type NamedTensors } from './item-executor.js';
export { roundLimitMs } from './round-watch.js';
export { PlacedParts } from './placed-parts.js';
export { type PartOffer, rankOffers } from './part-offers.js';
