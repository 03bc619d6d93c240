import type { Tensor } from '../../common/tensor/index.js';
import type { WholeModel } from '../../planner/index.js';
import type { ModelFolder, PartInfo, TokenizeOptions, Tokens } from './kit/index.js';

/** `workerData` of the parts' thread. */
export interface PartThreadData {
  readonly folder: ModelFolder;
  /** Part that predicts the noise: described, not opened. */
  readonly predictor: string;
  /** Tokenizers to open at once, and parts to look at; sessions are opened when they are first used. */
  readonly needs: readonly string[];
  /** Where graphs that name their tensors by content are written. */
  readonly workDir: string;
  /** ONNX Runtime's, for each part. */
  readonly threads: number;
}

/** Calls into the thread: what goes in, and what comes back. */
export interface PartCalls {
  /** What each part takes and gives, the predictor too. */
  open: { argument: undefined; result: Readonly<Record<string, PartInfo>> };
  run: {
    argument: {
      readonly part: string;
      readonly inputs: Readonly<Record<string, Tensor>>;
      readonly outputs: readonly string[] | undefined;
    };
    result: Readonly<Record<string, Tensor>>;
  };
  /** A part by content, for a worker. */
  model: { argument: { readonly part: string }; result: WholeModel };
  /** A weight of a part whose name ends so, as float32. */
  weight: { argument: { readonly part: string; readonly suffix: string }; result: Tensor | undefined };
  tokenize: {
    argument: {
      readonly tokenizer: string;
      readonly text: string;
      readonly options: TokenizeOptions | undefined;
    };
    result: Tokens;
  };
}
