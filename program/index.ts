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
export {
  componentCount,
  componentInHalf,
  type Halves,
  isLastComponent,
  noisePartName,
  noisePartOf,
  type TravellingNoise,
  travellingNoise,
} from './guidance-split.js';
export { type Hop, hopsFrom, hopsServing, type Sites, type Travelling } from './hops.js';
export { JobProgram, type Reader, type ReadVersion, type RoundLatents } from './job-program.js';
export {
  isLatents,
  itemInputName,
  LATENTS,
  predictedLatents,
  samplingWorker,
  travellingLatents,
} from './latents.js';
export { isPredictable } from './look-ahead.js';
export { completesNoise, inMicroBatches, microBatchName, sessionValueName } from './micro-batches.js';
export type { BoundaryTensor, CarriedState, Component, ItemValues, Partition, Segment } from './partition.js';
export { placeComponents, placedWorkers, type Placement, workerOfRun, workersOf } from './placement.js';
export { expandRound, oldestVersionRead, readVersion, stateReads } from './program.js';
export { lastStepOf, listRounds, type Round, type ScheduleSettings } from './rounds.js';
export { type Read, type Task, taskId, type VersionedTensor } from './task.js';
export { aheadOf, stagesOf } from './stages.js';
export { type ReadByWorkers, type Routes, routeTensors, unreadFrom } from './routes.js';
export { scheduleOf } from './schedule.js';
export { segmentsOfRun } from './run-segments.js';
export { segmentBegins } from './segment-begins.js';
