import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { AsyncDiffError } from '../../common/errors/index.js';
import { openSession } from '../../execution/index.js';
import type { DType, Tensor, TypedArray } from '../../common/tensor/index.js';

/** An input or output as the model file declares it; open axes have a name, or -1 where they have none. */
export interface ValueInfo {
  readonly name: string;
  readonly dtype: DType;
  readonly dims: readonly (number | string)[];
}

type TensorConstructor = new (dtype: string, data: TypedArray, dims: readonly number[]) => OrtTensor;

/**
 * One part of a pipeline as an ONNX Runtime session on the CPU. `run` blocks the thread while it computes, which is
 * why pipelines live in a thread of their own.
 */
export class OrtModel {
  readonly path: string;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly #session: InferenceSession;
  readonly #Tensor: TensorConstructor;

  private constructor(path: string, session: InferenceSession, tensor: TensorConstructor) {
    this.path = path;
    this.#session = session;
    this.#Tensor = tensor;
    this.inputs = session.inputMetadata.map(valueInfo);
    this.outputs = session.outputMetadata.map(valueInfo);
  }

  /** Raises `model_invalid` when ONNX Runtime refuses the file. */
  static async open(path: string, threads: number): Promise<OrtModel> {
    const session = await openSession(path, path, { intraOpNumThreads: threads });
    return new OrtModel(path, session, (await import('onnxruntime-node')).Tensor);
  }

  input(name: string): ValueInfo | undefined {
    return this.inputs.find((value) => value.name === name);
  }

  output(name: string): ValueInfo | undefined {
    return this.outputs.find((value) => value.name === name);
  }

  /** Runs the model for one output. Raises `model_invalid` when the run fails. */
  async run(feeds: Readonly<Record<string, Tensor>>, output: string): Promise<Tensor> {
    const given = Object.entries(feeds).map(
      ([name, tensor]) => [name, new this.#Tensor(tensor.dtype, tensor.data, tensor.dims)] as const,
    );
    try {
      const results = await this.#session.run(Object.fromEntries(given), [output]);
      const result = results[output] as OrtTensor;
      return { dtype: result.type as DType, dims: result.dims, data: result.data as TypedArray };
    } catch (cause) {
      throw new AsyncDiffError('model_invalid', `${this.path} failed: ${messageOf(cause)}`, { cause });
    }
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}

function valueInfo(metadata: InferenceSession.ValueMetadata): ValueInfo {
  if (!metadata.isTensor) return { name: metadata.name, dtype: 'float32', dims: [] };
  return { name: metadata.name, dtype: metadata.type as DType, dims: metadata.shape };
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
