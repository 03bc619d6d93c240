export { clusterOf } from './cluster.js';
export { formatPlan, PLAN_SCHEMA } from './format-plan.js';
export { makePlan } from './make-plan.js';
export { byComponent, type Placement, placeComponents, placedWorkers } from './placement.js';
export { componentsAsked } from './plan.js';
export type { Plan, PlanLink, PlanRequest, PlanSettings, PlanSource, PlanWorker } from './plan.js';
export { defaultWorkDir, planInThread } from './planner.js';
export { type Routes, routeTensors, unreadFrom } from './routes.js';
