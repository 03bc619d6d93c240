export type { Calibration, QualityPoint } from './calibration.js';
export { candidates, configurationName } from './candidates.js';
export type { Choice, ChoiceRequest, ChoiceSubject, Judged } from './choice.js';
export { choosePlan } from './choose-plan.js';
export { keptShare, predictedError } from './error-model.js';
export { reachOf } from './reach.js';
