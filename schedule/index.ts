export {
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
