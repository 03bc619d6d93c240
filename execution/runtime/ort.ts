import type * as Ort from 'onnxruntime-node';
import type { PlanSettings } from '../../common/settings/index.js';
import { AsyncDiffError } from '../../common/errors/index.js';
import { findRuntime, RUNTIME_HINT } from '../../common/runtime-package.js';

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

let loading: Promise<typeof Ort> | undefined;

/**
 * ONNX Runtime, loaded when something computes: an installation that only submits jobs does not have it.
 *
 * @throws AsyncDiffError `provider_unavailable` with the command that installs it
 */
export function loadOrt(): Promise<typeof Ort> {
  loading ??= import('onnxruntime-node').catch((cause: unknown) => {
    loading = undefined;
    if ((cause as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') throw notInstalled(cause);
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new AsyncDiffError('provider_unavailable', `onnxruntime-node cannot be loaded: ${text}`, {
      hint: 'Run `npx asyncdiff doctor`; ONNX Runtime has no binary for every system.',
      cause,
    });
  });
  return loading;
}

/**
 * For who has others load it later. Loads nothing.
 *
 * @throws AsyncDiffError `provider_unavailable` where ONNX Runtime is not installed
 */
export function requireRuntime(): void {
  if (findRuntime() === undefined) throw notInstalled();
}

function notInstalled(cause?: unknown): AsyncDiffError {
  return new AsyncDiffError('provider_unavailable', 'onnxruntime-node is not installed', {
    hint: RUNTIME_HINT,
    cause,
  });
}

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
  { extra = {}, ...options }: Ort.InferenceSession.SessionOptions,
  failure: (text: string, cause: unknown) => AsyncDiffError = (text, cause) =>
    new AsyncDiffError('model_invalid', `ONNX Runtime cannot load ${label}: ${text}`, { cause }),
): Promise<Ort.InferenceSession> {
  const { InferenceSession } = await loadOrt();
  const { session, ...others } = extra as { readonly session?: object };
  try {
    const settings: Ort.InferenceSession.SessionOptions = {
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
