export {
  type Cluster,
  type ClusterWorker,
  type Link,
  occupancyMs,
  ROUNDS_AHEAD,
  sharedResources,
  sitesOf,
  taskMs,
} from './cluster.js';
export { type Due, dueAt, type DueClock, DueTimes } from './due-times.js';
export { type Hop, hopsFrom, hopsServing, type Sites, type Travelling } from './hops.js';
export { JobProgram, type Reader } from './job-program.js';
export { LATENTS, samplingWorker, travellingLatents } from './latents.js';
export { completesNoise, inMicroBatches, microBatchName, sessionValueName } from './micro-batches.js';
export type { BoundaryTensor, Component, Partition, Segment } from './partition.js';
export { placeComponents, placedWorkers, type Placement, workerOfRun, workersOf } from './placement.js';
export {
  expandRound,
  listRounds,
  oldestVersionRead,
  readVersion,
  type Round,
  scheduleOf,
  type ScheduleSettings,
  type Task,
  taskId,
  type VersionedTensor,
} from './program.js';
export { type Routes, routeTensors, unreadFrom } from './routes.js';
export { segmentsOfRun } from './run-segments.js';
export { segmentBegins } from './segment-begins.js';
