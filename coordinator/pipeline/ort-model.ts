import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { AsyncDiffError } from '../../common/errors/index.js';
import { loadOrt, openSession } from '../../execution/index.js';
import type { DType, Tensor, TypedArray } from '../../common/tensor/index.js';
import { castTensor, fromSession } from './cast-tensor.js';
import type { PartInfo, ValueInfo } from './kit/index.js';

type TensorConstructor = new (dtype: string, data: TypedArray, dims: readonly number[]) => OrtTensor;

/**
 * One part of a pipeline as an ONNX Runtime session on the CPU. `run` blocks the thread while it computes, which is
 * why pipelines live in a thread of their own.
 */
export class OrtModel {
  readonly path: string;
  readonly info: PartInfo;
  readonly #session: InferenceSession;
  readonly #Tensor: TensorConstructor;

  private constructor(path: string, session: InferenceSession, tensor: TensorConstructor) {
    this.path = path;
    this.#session = session;
    this.#Tensor = tensor;
    this.info = {
      inputs: session.inputMetadata.map(valueInfo),
      outputs: session.outputMetadata.map(valueInfo),
    };
  }

  /** Raises `model_invalid` when ONNX Runtime refuses the file. */
  static async open(path: string, threads: number): Promise<OrtModel> {
    const session = await openSession(path, path, { intraOpNumThreads: threads });
    return new OrtModel(path, session, (await loadOrt()).Tensor);
  }

  /**
   * Runs the model for some outputs, all unless named. See `RunPart` for what is cast.
   * Raises `model_unsupported` for an output that it lacks, `invalid_input` for an input that is missing, `model_invalid` when the run fails.
   */
  async run(
    given: Readonly<Record<string, Tensor>>,
    outputs?: readonly string[],
  ): Promise<Record<string, Tensor>> {
    const wanted = outputs ?? this.info.outputs.map(({ name }) => name);
    for (const name of wanted)
      if (!this.info.outputs.some((output) => output.name === name))
        throw new AsyncDiffError(
          'model_unsupported',
          `${this.path} has no output ${name}; it has ${names(this.info.outputs)}`,
        );
    const feeds = Object.fromEntries(this.info.inputs.map((input) => [input.name, this.#feed(input, given)]));
    try {
      const results = await this.#session.run(feeds, wanted);
      return Object.fromEntries(wanted.map((name) => [name, fromSession(results[name] as OrtTensor)]));
    } catch (cause) {
      throw new AsyncDiffError('model_invalid', `${this.path} failed: ${messageOf(cause)}`, { cause });
    }
  }

  async close(): Promise<void> {
    await this.#session.release();
  }

  #feed(input: ValueInfo, given: Readonly<Record<string, Tensor>>): OrtTensor {
    const tensor = given[input.name];
    if (tensor === undefined)
      throw new AsyncDiffError(
        'model_unsupported',
        `${this.path} takes ${input.name}, which this pipeline does not give it`,
      );
    const { dtype, dims, data } = castTensor(tensor, input.dtype);
    return new this.#Tensor(dtype, data, dims);
  }
}

function valueInfo(metadata: InferenceSession.ValueMetadata): ValueInfo {
  if (!metadata.isTensor) return { name: metadata.name, dtype: 'float32', dims: [] };
  return { name: metadata.name, dtype: metadata.type as DType, dims: metadata.shape };
}

function names(values: readonly ValueInfo[]): string {
  return values.map(({ name }) => name).join(', ');
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
