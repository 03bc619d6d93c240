export { checkGuidedBatch, runJob, type JobContext } from './run-job.js';
export { checkDenoise, checkGenerate, checkPlan } from './check-request.js';
export { ClientJobs } from './client-jobs.js';
export { generateJob, sourceFor } from './generate-job.js';
export type { JobRecord, NewJob, SendEvent } from './job-record.js';
export { jobSummary } from './job-summary.js';
export { Jobs, type RunningJob } from './jobs.js';
export type { JobStore } from './job-store.js';
export { CoordinatorMetrics } from './metrics.js';
