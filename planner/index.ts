export { type BatchParts, batchParts } from './batch-parts.js';
export {
  type Calibration,
  type Choice,
  type ChoiceSubject,
  keptShare,
  predictedError,
  type QualityPoint,
  reachOf,
} from './choice/index.js';
export { choiceSubject } from './choice-subject.js';
export { choiceLines, choiceText } from './choice-text.js';
export { rememberTimes } from './calibrated.js';
export { type SessionTime, toRanges } from './calibration/index.js';
export { isForOne, withChoice } from './chosen-configuration.js';
export { clusterOf } from './cluster.js';
export {
  CALIBRATION_FILE,
  calibrationDocument,
  calibrationPaths,
  readCalibration,
} from './read-calibration.js';
export { coarseMachines, type LinkClass, type Machines } from './coarse-links.js';
export {
  type AppendedInput,
  checkInput,
  type DeclaredValue,
  type SinglePassUse,
  CONTROL_FIRST,
  CONTROL_LAST,
  type ControlGraph,
  describeInputs,
  describeModel,
  exportWhole,
  type JointPair,
  nearest,
  readWeight,
  resolveShapes,
  type PredictorAdaptation,
  type WholeModel,
} from './model/index.js';
export { type PartMemory, PROCESS_BYTES, SESSION_BYTES } from './memory.js';
export { type PartCost, partCost } from './part-cost.js';
export { formatPlan, PLAN_SCHEMA } from './format-plan.js';
export { KeptPlans, keptPlansFolder } from './kept-plans.js';
export { makePlan } from './make-plan.js';
export { openSegments } from './open-segments.js';
export {
  type Artifact,
  componentsAsked,
  type Plan,
  type PlanLink,
  type PlanRequest,
  type PlanSource,
  type PlanWorker,
  type TimedPlan,
  segmentModel,
} from './plan.js';
export type { KnownTimes } from './remembered-times.js';
export { type JointJob, jointJob } from './joint-job.js';
export { choiceKey } from './request-key.js';
export { defaultWorkDir, planInProcess, type PlanningOptions } from './plan-in-process.js';
export type { OnPlanningProgress, PlanningProgress, PlanningStage } from './planning-progress.js';
