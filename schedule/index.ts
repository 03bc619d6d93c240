export { JobProgram, type Reader } from './job-program.js';
export {
  DEFAULT_WARM_UP,
  expandRound,
  listRounds,
  oldestVersionRead,
  type Round,
  readVersion,
  type ScheduleSettings,
  type Task,
  taskId,
  type VersionedTensor,
} from './program.js';
