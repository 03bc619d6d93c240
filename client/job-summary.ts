/** A job as its coordinator lists it. */
export interface JobSummary {
  /** What `attach` and `cancel` take. */
  readonly jobId: string;
  /** `generate` or `denoise`. */
  readonly kind: string;
  /** Who submitted it: its key's name, or where it calls from. */
  readonly client: string;
  /** `queued`, `running`, `done`, `failed` or `cancelled`. */
  readonly state: string;
  /** Milliseconds since the epoch. */
  readonly submittedAtMs: number;
  /** From the submission to the start, or until now. */
  readonly waitedSeconds: number;
  /** From the start to the end, or until now. */
  readonly ranSeconds: number;
  /** Jobs before it in the queue. */
  readonly ahead: number;
  /** Steps finished, of all; 0 before the first is. */
  readonly step: number;
  readonly steps: number;
  readonly workers: number;
  /** Attempts that ended with the loss of a worker or of a link between two. */
  readonly losses: number;
  /** Why it has no result; empty for one that has, or that is not over. */
  readonly errorCode: string;
  readonly errorMessage: string;
}
