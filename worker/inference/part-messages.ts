import type { FileRange } from '../../common/model-file/index.js';
import type { Tensor } from '../../common/tensor/index.js';

/** How the parts' thread is started (worker_threads' workerData). */
export interface PartThreadSettings {
  /** As on the command line: cpu, cuda:0, webgpu. */
  readonly device: string;
  readonly threads: number;
}

/** Calls of the network thread that the parts' thread answers, one after another. */
export interface PartThreadCalls {
  readonly open: {
    readonly argument: {
      readonly partId: string;
      readonly name: string;
      readonly graphPath: string;
      /** Where the tensors lie that the graph names, by SHA-256. */
      readonly tensors: ReadonlyMap<string, FileRange>;
    };
    readonly result: undefined;
  };
  readonly run: {
    readonly argument: {
      readonly partId: string;
      readonly inputs: Readonly<Record<string, Tensor>>;
      /** Those wanted; all where it is empty. */
      readonly outputs: readonly string[];
    };
    readonly result: Readonly<Record<string, Tensor>>;
  };
  readonly close: { readonly argument: { readonly partId: string }; readonly result: undefined };
}
