import { readFileSync } from 'node:fs';
import type * as Ort from 'onnxruntime-node';
import { AsyncDiffError } from '../common/errors/index.js';
import { decodeModel, encodeModel, type FileRange, placeTensors } from '../common/model-file/index.js';
import {
  type Tensor,
  type TypedArray,
  type DType,
  formatDims,
  TENSOR_ALIGNMENT_BYTES,
} from '../common/tensor/index.js';
import { loadOrt, openSession, SAME_BITS_CONFIG } from './ort.js';
import { type DeviceSpec, providerHint, providerOption } from './device.js';
import type { OptimizationLevel } from './ort.js';
import { fromOrtData, toOrtData } from './ort-data.js';
import type { SegmentSession } from './session.js';

export interface OrtSessionOptions {
  readonly device: Extract<DeviceSpec, { kind: 'onnxruntime' }>;
  readonly threads: number;
  readonly optimizationLevel: OptimizationLevel;
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
  const model = decodeModel(readFileSync(graphPath), graphPath);
  // A session from bytes may have its external data in any folder: the root of the file system reaches every file without a link.
  const folder = placeTensors(model, (sha256) => tensors.get(sha256));
  const session = await openSession(
    encodeModel(model),
    graphPath,
    {
      executionProviders: [providerOption(options.device)],
      intraOpNumThreads: options.threads,
      graphOptimizationLevel: options.optimizationLevel,
      extra: { ...SAME_BITS_CONFIG, session: { model_external_initializers_file_folder_path: folder } },
    },
    (text, cause) =>
      provider !== 'cpu' && !/protobuf|parse|No such file|opset/i.test(text)
        ? new AsyncDiffError('provider_unavailable', `device ${device}: ${firstLine(text)}`, {
            hint: providerHint(provider),
            cause,
          })
        : new AsyncDiffError('model_invalid', `ONNX Runtime cannot load ${graphPath}: ${firstLine(text)}`, {
            cause,
          }),
  );
  return new OrtSegmentSession(await loadOrt(), session);
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

  async run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    const inputs: Record<string, Ort.Tensor> = {};
    for (const [name, tensor] of Object.entries(feeds)) inputs[name] = this.#wrap(tensor);
    let results: Ort.InferenceSession.OnnxValueMapType;
    try {
      results = await this.#session.run(inputs);
    } catch (error) {
      const shapes = Object.entries(feeds).map(
        ([name, tensor]) => `${name} ${tensor.dtype}${formatDims(tensor.dims)}`,
      );
      const text = error instanceof Error ? error.message : String(error);
      throw new AsyncDiffError(
        'worker_failed',
        `ONNX Runtime: ${firstLine(text)} (inputs: ${shapes.join(', ')})`,
        { cause: error },
      );
    }
    const outputs: Record<string, Tensor> = {};
    for (const [name, value] of Object.entries(results)) {
      const tensor = value;
      outputs[name] = {
        dtype: tensor.type as DType,
        dims: tensor.dims,
        data: fromOrtData(tensor.data as TypedArray),
      };
    }
    return outputs;
  }

  async release(): Promise<void> {
    await this.#session.release();
  }

  #wrap(tensor: Tensor): Ort.Tensor {
    const known = this.#wrapped.get(tensor);
    if (known !== undefined) return known;
    const made = new this.#ort.Tensor(
      tensor.dtype as 'float32',
      toOrtData(tensor.dtype, aligned(tensor.data)) as Float32Array,
      tensor.dims,
    );
    this.#wrapped.set(tensor, made);
    return made;
  }
}

/** The same values where kernels give the same bits (see TENSOR_ALIGNMENT_BYTES); a copy only where they lie elsewhere. */
function aligned(data: TypedArray): TypedArray {
  return data.byteOffset % TENSOR_ALIGNMENT_BYTES === 0 ? data : data.slice();
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}
