/** Which tensor of which job travels. */
export interface TensorMeta {
  readonly jobId: string;
  readonly attempt: number;
  /** Boundary tensor's name. */
  readonly name: string;
  /** Round that produced it. */
  readonly version: number;
  /** Sender's monotonic clock when the producing run returned, microseconds. */
  readonly sentUs: number;
}
