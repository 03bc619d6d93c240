// Original file: proto/asyncdiff/v1/coordinator.proto

import type { JobSummary as _asyncdiff_v1_JobSummary, JobSummary__Output as _asyncdiff_v1_JobSummary__Output } from '../../asyncdiff/v1/JobSummary.js';

export interface ListJobsResponse {
  'jobs'?: (_asyncdiff_v1_JobSummary)[];
}

export interface ListJobsResponse__Output {
  'jobs': (_asyncdiff_v1_JobSummary__Output)[];
}
