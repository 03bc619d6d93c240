/** A tensor that has left, for the trace; times are `performance.now()`, milliseconds. */
export interface SentTensor {
  readonly deploymentId: string;
  readonly jobId: string;
  readonly attempt: number;
  readonly name: string;
  readonly version: number;
  /** The tensor's own bytes. */
  readonly bytes: number;
  /** Worker that it went to. */
  readonly peer: string;
  /** First byte handed to the network; last byte taken by it. */
  readonly startMs: number;
  readonly endMs: number;
  /** Part of that time spent serialising. */
  readonly serializeMs: number;
}
