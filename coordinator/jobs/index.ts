export { checkGuidedBatch, denoiseJob, type Emit, type JobContext } from './denoise-job.js';
export { checkDenoise, checkGenerate, checkPlan } from './check-request.js';
export { ClientJobs } from './client-jobs.js';
export { generateJob, sourceFor } from './generate-job.js';
export { type JobRecord, type SendEvent } from './job-record.js';
export { JobRecords } from './job-records.js';
export { JobQueue } from './job-queue.js';
export { CoordinatorMetrics } from './metrics.js';
