import { InferenceSession } from 'onnxruntime-node';
import { AsyncDiffError } from '../common/errors/index.js';

/** ONNX Runtime's graph optimisation levels that a worker may run segments at. */
export type OptimizationLevel = 'basic' | 'extended' | 'all';

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

/**
 * A session over a model file, whose failure to load is an error of the model. The caller releases it.
 *
 * @throws AsyncDiffError `model_invalid` with what ONNX Runtime said.
 */
export async function openSession(
  modelPath: string,
  label: string,
  options: InferenceSession.SessionOptions,
): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(modelPath, { logSeverityLevel: LOG_ERRORS, ...options });
  } catch (error) {
    throw new AsyncDiffError(
      'model_invalid',
      `ONNX Runtime cannot load ${label}: ${(error as Error).message}`,
      { cause: error },
    );
  }
}

/** Throws `cancelled` if the signal says so; called between pieces of work that cannot be interrupted. */
export function checkCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new AsyncDiffError('cancelled', 'the preparation of the model was cancelled');
}
