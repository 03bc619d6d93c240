import { InferenceSession } from 'onnxruntime-node';
import type { PlanSettings } from '../common/settings/index.js';
import { AsyncDiffError } from '../common/errors/index.js';

/** ONNX Runtime's graph optimisation levels that a worker may run segments at. */
export type OptimizationLevel = PlanSettings['optimizationLevel'];

/** Error level: ONNX Runtime's warnings on folding are many and say nothing to a user. */
const LOG_ERRORS = 3;

/**
 * Session options (`extra`) that every session over a folded model or a segment of it needs for the bits of the model as it
 * came. With static shapes ONNX Runtime turns `MatMul` + `Add` into `Gemm` wherever it sees that the rank can be
 * made 2, which it cannot see in a model with open shapes: other kernels, other roundings (4e-7 on the bundled U-Net).
 * Without that one fusion folded model, segments and untouched model agree bit for bit at `basic` and `extended`, and take
 * the same time.
 */
export const SAME_BITS_CONFIG: Readonly<Record<string, Readonly<Record<string, string>>>> = Object.freeze({
  optimization: Object.freeze({ disable_specified_optimizers: 'MatMulAddFusion' }),
});

/** Pool threads that spin between runs take the core that a network thread, or another worker of the host, needs. */
const NO_SPINNING = Object.freeze({
  intra_op: Object.freeze({ allow_spinning: '0' }),
  inter_op: Object.freeze({ allow_spinning: '0' }),
});

/**
 * Opens every ONNX Runtime session of this product, from a path or from a model's bytes. One thread per operator and between operators, in order, on the CPU and without
 * spinning where the options say nothing else. The caller releases it.
 *
 * @param label what to call the model in an error
 * @throws AsyncDiffError what `failure` makes of ONNX Runtime's words; `model_invalid` where it is left out.
 */
export async function openSession(
  model: string | Uint8Array,
  label: string,
  { extra = {}, ...options }: InferenceSession.SessionOptions,
  failure: (text: string, cause: unknown) => AsyncDiffError = (text, cause) =>
    new AsyncDiffError('model_invalid', `ONNX Runtime cannot load ${label}: ${text}`, { cause }),
): Promise<InferenceSession> {
  const { session, ...others } = extra as { readonly session?: object };
  try {
    const settings: InferenceSession.SessionOptions = {
      logSeverityLevel: LOG_ERRORS,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      ...options,
      extra: { ...others, session: { ...NO_SPINNING, ...session } },
    };
    return await (typeof model === 'string'
      ? InferenceSession.create(model, settings)
      : InferenceSession.create(model, settings));
  } catch (error) {
    throw failure(error instanceof Error ? error.message : String(error), error);
  }
}

/** Throws `cancelled` if the signal says so; called between pieces of work that cannot be interrupted. */
export function checkCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new AsyncDiffError('cancelled', 'the preparation of the model was cancelled');
}
