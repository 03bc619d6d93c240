import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { AsyncDiffError } from '../../common/errors/index.js';
import { type DType, elementCount, type Tensor, type TypedArray } from '../../common/tensor/index.js';

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
    const ort = await import('onnxruntime-node');
    try {
      const session = await ort.InferenceSession.create(path, {
        executionProviders: ['cpu'],
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        logSeverityLevel: 3,
        // Spinning pool threads would take their core from a worker that computes on the same host.
        extra: { session: { intra_op: { allow_spinning: '0' } } },
      });
      return new OrtModel(path, session, ort.Tensor);
    } catch (cause) {
      throw new AsyncDiffError('model_invalid', `ONNX Runtime cannot open ${path}: ${messageOf(cause)}`, {
        cause,
      });
    }
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

/** Rows of tensors of one type and shape, one after another along the batch axis. */
export function concatBatch(tensors: readonly Tensor[]): Tensor {
  const first = tensors[0] as Tensor;
  const dims = [tensors.reduce((sum, tensor) => sum + (tensor.dims[0] ?? 1), 0), ...first.dims.slice(1)];
  const data = new (first.data.constructor as new (length: number) => TypedArray)(elementCount(dims));
  let offset = 0;
  for (const tensor of tensors) {
    (data as Float32Array).set(tensor.data as Float32Array, offset);
    offset += tensor.data.length;
  }
  return { dtype: first.dtype, dims, data };
}
