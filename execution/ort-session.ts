import { readFileSync } from 'node:fs';
import type * as Ort from 'onnxruntime-node';
import { AsyncDiffError } from '../common/errors/index.js';
import { decodeModel, encodeModel, type FileRange, placeTensors } from '../common/model-file/index.js';
import {
  type DType,
  formatDims,
  parseDType,
  type Tensor,
  TENSOR_ALIGNMENT_BYTES,
  type TypedArray,
} from '../common/tensor/index.js';
import {
  type DeviceSpec,
  keepsValues,
  loadOrt,
  memoryOptions,
  openSession,
  type OptimizationLevel,
  providerHint,
  providerOption,
  SAME_BITS_CONFIG,
} from './runtime/index.js';
import { fromOrtData, ortTensor } from './ort-data.js';
import { type DeviceValue, isTensor, type SegmentSession, type SessionValue } from './session.js';

interface OrtSessionOptions {
  readonly device: Extract<DeviceSpec, { kind: 'onnxruntime' }>;
  readonly threads: number;
  readonly optimizationLevel: OptimizationLevel;
  /** Outputs that only other sessions of this thread read: they stay on the device, where it can keep them. */
  readonly inner?: readonly string[] | undefined;
}

/** A segment's model on this host: its graph, and where the tensors lie that the graph names by content. */
export interface SegmentModel {
  readonly graphPath: string;
  /** By SHA-256. */
  readonly tensors: ReadonlyMap<string, FileRange>;
}

/**
 * Loads one segment as an ONNX Runtime session. Tensors are not copied: ONNX Runtime maps the ranges of the files that they lie in.
 * Throws `provider_unavailable` with the command that mends it, or `model_invalid`.
 */
export async function openOrtSession(
  { graphPath, tensors }: SegmentModel,
  options: OrtSessionOptions,
): Promise<SegmentSession> {
  const { provider, text: device } = options.device;
  const inner = keepsValues(options.device) ? (options.inner ?? []) : [];
  const model = decodeModel(readFileSync(graphPath), graphPath);
  // A session from bytes may have its external data in any folder: the root of the file system reaches every file without a link.
  const folder = placeTensors(model, (sha256) => tensors.get(sha256));
  const session = await openSession(
    encodeModel(model),
    graphPath,
    {
      executionProviders: [providerOption(options.device)],
      ...memoryOptions(provider),
      intraOpNumThreads: options.threads,
      graphOptimizationLevel: options.optimizationLevel,
      ...(inner.length === 0 ? {} : { preferredOutputLocation: onDevice(inner) }),
      extra: { ...SAME_BITS_CONFIG, session: { model_external_initializers_file_folder_path: folder } },
    },
    (text, cause) =>
      provider !== 'cpu' && !/protobuf|parse|No such file|opset|Type Error|ShapeInferenceError/i.test(text)
        ? new AsyncDiffError('provider_unavailable', `device ${device}: ${firstLine(text)}`, {
            hint: providerHint(provider, text),
            cause,
          })
        : new AsyncDiffError('model_invalid', `ONNX Runtime cannot load ${graphPath}: ${firstLine(text)}`, {
            cause,
          }),
  );
  return new OrtSegmentSession(await loadOrt(), session);
}

function onDevice(names: readonly string[]): Record<string, 'gpu-buffer'> {
  return Object.fromEntries(names.map((name) => [name, 'gpu-buffer']));
}

/** A result in a buffer of ONNX Runtime's device. */
class OrtDeviceValue implements DeviceValue {
  readonly tensor: Ort.Tensor;

  constructor(tensor: Ort.Tensor) {
    this.tensor = tensor;
  }

  get dtype(): DType {
    return parseDType(this.tensor.type, 'a value on the device');
  }

  get dims(): readonly number[] {
    return this.tensor.dims;
  }

  release(): void {
    this.tensor.dispose();
  }
}

class OrtSegmentSession implements SegmentSession {
  readonly #ort: typeof Ort;
  readonly #session: Ort.InferenceSession;
  /** Feeds that recur from run to run (conditioning, repeated latents) are wrapped once. */
  readonly #wrapped = new WeakMap<Tensor, Ort.Tensor>();

  constructor(ort: typeof Ort, session: Ort.InferenceSession) {
    this.#ort = ort;
    this.#session = session;
  }

  async run(feeds: Readonly<Record<string, SessionValue>>): Promise<Record<string, SessionValue>> {
    const inputs: Record<string, Ort.Tensor> = {};
    for (const [name, value] of Object.entries(feeds)) inputs[name] = this.#input(name, value);
    let results: Ort.InferenceSession.OnnxValueMapType;
    try {
      results = await this.#session.run(inputs);
    } catch (error) {
      const shapes = Object.entries(feeds).map(
        ([name, tensor]) => `${name} ${tensor.dtype}${formatDims(tensor.dims)}`,
      );
      const text = error instanceof Error ? error.message : String(error);
      throw runFailure(firstLine(text), shapes.join(', '), error);
    }
    const outputs: Record<string, SessionValue> = {};
    for (const [name, value] of Object.entries(results)) outputs[name] = outputOf(value);
    return outputs;
  }

  async release(): Promise<void> {
    await this.#session.release();
  }

  #input(name: string, value: SessionValue): Ort.Tensor {
    if (isTensor(value)) return this.#wrap(value);
    if (value instanceof OrtDeviceValue) return value.tensor;
    throw new AsyncDiffError('internal', `"${name}" is on a device of another kind`);
  }

  #wrap(tensor: Tensor): Ort.Tensor {
    const known = this.#wrapped.get(tensor);
    if (known !== undefined) return known;
    const made = ortTensor(this.#ort.Tensor, { ...tensor, data: aligned(tensor.data) });
    this.#wrapped.set(tensor, made);
    return made;
  }
}

function outputOf(tensor: Ort.Tensor): SessionValue {
  if (tensor.location !== 'cpu') return new OrtDeviceValue(tensor);
  return {
    dtype: parseDType(tensor.type, 'a result'),
    dims: tensor.dims,
    data: fromOrtData(tensor.data as TypedArray),
  };
}

/** The same values where kernels give the same bits (see TENSOR_ALIGNMENT_BYTES); a copy only where they lie elsewhere. */
function aligned(data: TypedArray): TypedArray {
  return data.byteOffset % TENSOR_ALIGNMENT_BYTES === 0 ? data : data.slice();
}

/** What ONNX Runtime says where an input holds a number that no row of a table has. */
const OUTSIDE_OF_TABLE = /indices element out of data bounds|(?:index|indices).*out of (?:bounds|range)/i;

function runFailure(text: string, inputs: string, cause: unknown): AsyncDiffError {
  if (OUTSIDE_OF_TABLE.test(text))
    return new AsyncDiffError(
      'invalid_input',
      `an input has a number that the model has no row for: ${text.replace(/^.*Status Message: /, '')} (inputs: ${inputs})`,
      { hint: "Give numbers within that range: ids of tokens come from the model's own tokenizer.", cause },
    );
  return new AsyncDiffError('worker_failed', `ONNX Runtime: ${text} (inputs: ${inputs})`, { cause });
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}
