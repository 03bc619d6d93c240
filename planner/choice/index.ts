export type { Calibration, QualityPoint } from './calibration.js';
export { candidates, type Configuration, configurationName } from './candidates.js';
export type { Choice, ChoiceRequest, ChoiceSubject, Judged } from './choice.js';
export { choosePlan } from './choose-plan.js';
export { type ErrorSchedule, type ErrorSubject, keptShare, predictedError } from './error-model.js';
export { type Reaching, reachOf } from './reach.js';
