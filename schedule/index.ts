export { JobProgram, type Reader } from './job-program.js';
export {
  DEFAULT_WARM_UP,
  expandRound,
  listRounds,
  oldestVersionRead,
  readVersion,
  type Round,
  type ScheduleSettings,
  type Task,
  taskId,
  type VersionedTensor,
} from './program.js';
