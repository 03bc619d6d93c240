import { AsyncDiffError } from '../../common/errors/index.js';
import { formatDims, type ValueSpec } from '../../common/tensor/index.js';
import { onnxTypeOf } from '../../common/model-file/index.js';
import type { GraphRoles } from './graph-roles.js';
import type { DeclaredValue } from './inputs.js';

/** Shapes of graph inputs, by name. */
export type InputShapes = Readonly<Record<string, readonly number[]>>;

/**
 * The static shape of every input, in the model's order. What is not given follows from the symbols that the given
 * shapes fix (`batch_size` of `sample` is that of `encoder_hidden_states`); a timestep whose symbol is its own
 * is one number for the whole batch: [1].
 *
 * @throws AsyncDiffError `invalid_input` naming the input, the expected and the given shape.
 */
export function resolveShapes(
  predictor: Pick<GraphRoles, 'inputs' | 'sample' | 'timestep'>,
  given: InputShapes,
): ValueSpec[] {
  for (const name of Object.keys(given)) {
    if (!predictor.inputs.some((input) => input.name === name)) {
      const names = predictor.inputs.map((input) => input.name).join(', ');
      throw new AsyncDiffError('invalid_input', `the model has no input ${name}; it has ${names}`);
    }
  }
  const symbols = new Map<string, { size: number; input: string }>();
  // The latents first: they say what the batch is.
  const { sample, inputs } = predictor;
  for (const input of sample === undefined ? inputs : [sample, ...inputs.filter((one) => one !== sample)]) {
    const dims = given[input.name];
    if (dims === undefined) continue;
    checkDims(input, dims);
    input.dims.forEach((dim, axis) => {
      if (typeof dim === 'number' || dim === '?') return;
      const size = dims[axis] ?? 0;
      const known = symbols.get(dim);
      if (known !== undefined && known.size !== size) {
        throw new AsyncDiffError(
          'invalid_input',
          `input ${input.name}: expected ${dim} = ${known.size} as in ${known.input}, given ${formatDims(dims)}`,
        );
      }
      symbols.set(dim, { size, input: input.name });
    });
  }
  return predictor.inputs.map((input) => {
    const own = given[input.name];
    if (own !== undefined) return { name: input.name, dtype: input.dtype, dims: [...own] };
    const dims = input.dims.map((dim) => {
      if (typeof dim === 'number') return dim;
      return symbols.get(dim)?.size ?? (input === predictor.timestep ? 1 : undefined);
    });
    if (dims.includes(undefined)) {
      throw new AsyncDiffError(
        'invalid_input',
        `input ${input.name}: its shape is needed, expected ${formatDims(input.dims)}, given none`,
        {
          hint: `Give it, as in --input-shape ${input.name}=${input.dims.map((dim) => (typeof dim === 'number' ? dim : 1)).join(',')} with your own numbers.`,
        },
      );
    }
    return { name: input.name, dtype: input.dtype, dims: dims.map((dim) => dim ?? 1) };
  });
}

/** Whether `dims` fits what the model declares for an input. */
function checkDims(input: DeclaredValue, dims: readonly number[]): void {
  const fits =
    dims.length === input.dims.length &&
    dims.every((dim, axis) => {
      const declared = input.dims[axis];
      return Number.isSafeInteger(dim) && dim > 0 && (typeof declared !== 'number' || declared === dim);
    });
  if (!fits) throw mismatch(input, formatDims(dims));
}

/**
 * Holds a tensor against the input that it is for: element type, rank and fixed dimensions.
 *
 * @throws AsyncDiffError `invalid_input` naming the input, expected and given.
 */
export function checkInput(input: DeclaredValue, { dtype, dims }: Pick<ValueSpec, 'dtype' | 'dims'>): void {
  if (dtype !== input.dtype) throw mismatch(input, `${dtype}${formatDims(dims)}`);
  checkDims(input, dims);
}

function mismatch(input: DeclaredValue, given: string): AsyncDiffError {
  return new AsyncDiffError(
    'invalid_input',
    `input ${input.name}: expected ${input.dtype}${formatDims(input.dims)}, given ${given}`,
  );
}

/** A graph input or output of static type and shape. */
export function valueInfo(spec: ValueSpec): {
  name: string;
  type: { tensor_type: { elem_type: number; shape: { dim: { dim_value: number }[] } } };
} {
  return {
    name: spec.name,
    type: {
      tensor_type: {
        elem_type: onnxTypeOf(spec.dtype),
        shape: { dim: spec.dims.map((dim) => ({ dim_value: dim })) },
      },
    },
  };
}
