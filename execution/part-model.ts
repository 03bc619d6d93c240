import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { AsyncDiffError } from '../common/errors/index.js';
import { readFileSync } from 'node:fs';
import { decodeModel, encodeModel, placeTensors } from '../common/model-file/index.js';
import { type DType, parseDType, type Tensor } from '../common/tensor/index.js';
import { castTensor, fromSession } from './cast-tensor.js';
import { type OrtTensorConstructor, ortTensor } from './ort-data.js';
import {
  type DeviceSpec,
  loadOrt,
  memoryOptions,
  openSession,
  providerHint,
  providerOption,
} from './runtime/index.js';
import type { SegmentModel } from './ort-session.js';

/** An input or output as a model file declares it; open axes have a name, or -1 where they have none. */
export interface ValueInfo {
  readonly name: string;
  readonly dtype: DType;
  readonly dims: readonly (number | string)[];
}

/** What a part of a pipeline takes and gives. */
export interface PartInfo {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
}

interface PartOptions {
  /** ONNX Runtime's. */
  readonly threads: number;
  /** Default: the CPU. */
  readonly device?: Extract<DeviceSpec, { kind: 'onnxruntime' }> | undefined;
}

/**
 * One part of a pipeline (a text encoder, a half of a VAE) as an ONNX Runtime session. `run` blocks the thread while it computes, which is
 * why parts live in a thread of their own.
 */
export class PartModel {
  readonly path: string;
  readonly info: PartInfo;
  readonly #session: InferenceSession;
  readonly #Tensor: OrtTensorConstructor;

  private constructor(path: string, session: InferenceSession, tensor: OrtTensorConstructor) {
    this.path = path;
    this.#session = session;
    this.#Tensor = tensor;
    this.info = {
      inputs: session.inputMetadata.map(valueInfo),
      outputs: session.outputMetadata.map(valueInfo),
    };
  }

  /**
   * From a file, or from a graph whose tensors are named by content. Raises `model_invalid` when ONNX Runtime refuses it, `provider_unavailable`.
   */
  static async open(model: string | SegmentModel, label: string, options: PartOptions): Promise<PartModel> {
    const { threads, device } = options;
    const settings = {
      intraOpNumThreads: threads,
      ...memoryOptions(device?.provider ?? 'cpu'),
      ...(device !== undefined &&
        device.provider !== 'cpu' && { executionProviders: [providerOption(device)] }),
    };
    const failure = (text: string, cause: unknown): AsyncDiffError =>
      device === undefined || device.provider === 'cpu'
        ? new AsyncDiffError('model_invalid', `ONNX Runtime cannot load ${label}: ${text}`, { cause })
        : new AsyncDiffError('provider_unavailable', `${label} on ${device.text}: ${text}`, {
            hint: providerHint(device.provider, text),
            cause,
          });
    const session =
      typeof model === 'string'
        ? await openSession(model, label, settings, failure)
        : await openByContent(model, label, settings, failure);
    return new PartModel(label, session, (await loadOrt()).Tensor);
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
    return ortTensor(this.#Tensor, castTensor(tensor, input.dtype));
  }
}

async function openByContent(
  { graphPath, tensors }: SegmentModel,
  label: string,
  settings: InferenceSession.SessionOptions,
  failure: (text: string, cause: unknown) => AsyncDiffError,
): Promise<InferenceSession> {
  const model = decodeModel(readFileSync(graphPath), label);
  const folder = placeTensors(model, (sha256) => tensors.get(sha256));
  const extra = { session: { model_external_initializers_file_folder_path: folder } };
  return await openSession(encodeModel(model), label, { ...settings, extra }, failure);
}

function valueInfo(metadata: InferenceSession.ValueMetadata): ValueInfo {
  if (!metadata.isTensor) return { name: metadata.name, dtype: 'float32', dims: [] };
  return {
    name: metadata.name,
    dtype: parseDType(metadata.type, `value "${metadata.name}"`),
    dims: metadata.shape,
  };
}

function names(values: readonly ValueInfo[]): string {
  return values.map(({ name }) => name).join(', ');
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
