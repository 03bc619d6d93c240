export { batchParts } from './batch-parts.js';
export {
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
export { CALIBRATION_FILE, calibrationDocument, readCalibration } from './read-calibration.js';
export { coarseMachines, type LinkClass, type Machines } from './coarse-links.js';
export {
  checkInput,
  type DeclaredValue,
  type SinglePassUse,
  CONTROL_FIRST,
  CONTROL_LAST,
  controlInput,
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
export { PROCESS_BYTES, SESSION_BYTES } from './memory.js';
export { type PartCost, partCost } from './part-cost.js';
export { formatPlan } from './format-plan.js';
export { keptGraphFolders, limitGraphs, pruneGraphs, useGraphs } from './kept-graphs.js';
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
  segmentModel,
} from './plan.js';
export type { KnownTimes } from './remembered-times.js';
export { jointJob } from './joint-job.js';
export { choiceKey } from './request-key.js';
export { defaultWorkDir, planInProcess } from './plan-in-process.js';
export type { OnPlanningProgress, PlanningProgress } from './planning-progress.js';
