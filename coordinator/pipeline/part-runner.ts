import type { Tensor } from '../../common/tensor/index.js';

export interface PartRequest {
  /** `text_encoder`, `vae_decoder`, ... */
  readonly part: string;
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** Those wanted; all where left out. */
  readonly outputs: readonly string[] | undefined;
  /** Memory that the run takes beside the part's weights, estimated. */
  readonly workBytes: number;
}

/** Who runs the parts of a call: a worker, or this process. */
export interface PartRunner {
  /** Memory of the device that has most of it. */
  readonly memoryBytes: number;
  run(request: PartRequest): Promise<Readonly<Record<string, Tensor>>>;
}
