export {
  expandRound,
  listRounds,
  oldestVersionRead,
  type Round,
  readVersion,
  type ScheduleSettings,
  type Task,
  type VersionedTensor,
} from './program.js';
