import { AsyncDiffError } from '../../common/errors/index.js';
import { elementCount, formatDims, type Tensor } from '../../common/tensor/index.js';
import { isFinite, type SamplerState } from '../../execution/index.js';
import { fromSamplerState } from '../../protocol/index.js';
import { fromTensorMessage } from '../../rpc/index.js';

/** Arrays in a sampler's history, at most; no sampler keeps as many. */
const MAX_HISTORY = 16;

type StateMessage = Parameters<typeof fromSamplerState>[0];
type TensorMessage = Parameters<typeof fromTensorMessage>[0];

/**
 * Holds what a worker reports of a job against what the job is: steps, types, shapes, and that every number is one. What does not fit is thrown as
 * `invalid_input`, and the worker loses its place.
 */
export class ReportCheck {
  readonly #dims: readonly number[];
  readonly #numSteps: number;
  /** The last step of each round that was issued, and whether a checkpoint comes with it. */
  readonly #issued = new Map<number, boolean>();
  #lastIssued = -1;

  /** @param dims of the latents */
  constructor(dims: readonly number[], numSteps: number) {
    this.#dims = dims;
    this.#numSteps = numSteps;
  }

  issued(lastStep: number, withCheckpoint: boolean): void {
    this.#issued.set(lastStep, withCheckpoint);
    this.#lastIssued = Math.max(this.#lastIssued, lastStep);
  }

  noise(step: number, message: TensorMessage): Tensor {
    const what = `noise prediction of step ${step}`;
    if (step > this.#lastIssued)
      throw new AsyncDiffError('invalid_input', `the ${what}, for which it was not asked`);
    return this.#checked(fromTensorMessage(message, what), what);
  }

  /** The checkpoint after a round; undefined where none was asked for. */
  checkpoint(lastStep: number, message: StateMessage, held: boolean): SamplerState | undefined {
    const what = `the checkpoint after step ${lastStep}`;
    // A job that is held within a round stands at a step that ends no round.
    const isWanted = held || this.#issued.get(lastStep);
    if (isWanted === undefined || lastStep > this.#lastIssued)
      throw new AsyncDiffError(
        'invalid_input',
        `the end of a round with step ${lastStep}, of which there is none`,
      );
    if (message === null) {
      if (isWanted) throw new AsyncDiffError('invalid_input', `the end of step ${lastStep} without ${what}`);
      return undefined;
    }
    const state = fromSamplerState(message);
    if (state.nextStep !== lastStep + 1)
      throw new AsyncDiffError('invalid_input', `${what} as one before step ${state.nextStep}`);
    this.#checked(state.latents, what);
    this.#checkKept(state, what);
    return state;
  }

  /** What the sampler, and who predicts latents, go on from. Predictions that have run away are no numbers, and known as such. */
  #checkKept({ history, foresight, nextStep }: SamplerState, what: string): void {
    const elements = elementCount(this.#dims);
    const { calls, values, drifts } = foresight ?? { calls: [], values: [], drifts: [] };
    const sizes = [...history, ...values].map(({ length }) => length);
    if (history.length > MAX_HISTORY || sizes.some((size) => size !== elements))
      throw new AsyncDiffError('invalid_input', `${what} with a history of ${sizes.join(', ')} numbers`);
    if (
      calls.length !== values.length ||
      calls.some((call) => call >= nextStep) ||
      drifts.length > this.#numSteps + 1
    )
      throw new AsyncDiffError('invalid_input', `${what} with predictions of what has not been`);
    // After the last step nothing is computed from the history, which may then be anything.
    if (nextStep < this.#numSteps && !history.every((values) => values.every(Number.isFinite)))
      throw new AsyncDiffError('invalid_input', `${what} with NaN or infinity in its history`);
  }

  /** The tensor, if it is float32, of the latents' shape and finite. Throws `invalid_input`. */
  #checked(tensor: Tensor, what: string): Tensor {
    const dims = formatDims(this.#dims);
    if (tensor.dtype !== 'float32' || formatDims(tensor.dims) !== dims)
      throw new AsyncDiffError(
        'invalid_input',
        `${what} as ${tensor.dtype} ${formatDims(tensor.dims)}, it must be float32 ${dims}`,
      );
    if (!isFinite(tensor)) throw new AsyncDiffError('invalid_input', `${what} with NaN or infinity`);
    return tensor;
  }
}
