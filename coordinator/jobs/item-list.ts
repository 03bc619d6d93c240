import { AsyncDiffError } from '../../common/errors/index.js';
import type { PlanSettings } from '../../common/settings/index.js';
import { formatDims, type Tensor } from '../../common/tensor/index.js';
import { castFloat } from '../../execution/index.js';
import { checkInput, type DeclaredValue, describeInputs, type SinglePassUse } from '../../planner/index.js';
import type { CarriedState } from '../../program/index.js';
import type { NamedTensors } from '../deployment/index.js';

/** A single-pass model over a list, as its client asked for it. */
export interface ItemsRequest {
  readonly modelPath: string;
  /** Inputs by graph-input name; the same names in every item. */
  readonly items: readonly NamedTensors[];
  /** Inputs that are the same for every item, and states of the first one. */
  readonly inputs: NamedTensors;
  readonly states: readonly CarriedState[];
  readonly settings: PlanSettings;
  readonly trace: boolean;
}

/** Items of one shape, which one plan runs. */
export interface ItemGroup {
  /** Places in the list, ascending. */
  readonly places: readonly number[];
  readonly shapes: Readonly<Record<string, readonly number[]>>;
}

/**
 * Holds what a client gave against the model's file, and casts floats to what the graph takes.
 * @throws AsyncDiffError `invalid_input` naming item and input
 */
export function checkedItems(request: ItemsRequest): ItemsRequest {
  const { modelPath, items, inputs, states } = request;
  const declared = new Map(describeInputs(modelPath).inputs.map((input) => [input.name, input]));
  const [first] = items;
  if (first === undefined)
    throw new AsyncDiffError('invalid_input', 'the list has no items', {
      hint: 'Give --input NAME=FILE.npy.',
    });
  const names = Object.keys(first);
  const carried = new Set(states.map(({ input }) => input));
  checkNames([...names, ...Object.keys(inputs)], declared, carried, names);
  const cast = (tensors: NamedTensors, what: string): NamedTensors =>
    Object.fromEntries(
      Object.entries(tensors).map(([name, tensor]) => [
        name,
        checked(declared.get(name) as DeclaredValue, tensor, what),
      ]),
    );
  return {
    ...request,
    inputs: cast(inputs, ''),
    items: items.map((item, at) => {
      const differs =
        names.find((name) => item[name] === undefined) ??
        Object.keys(item).find((name) => !names.includes(name));
      if (differs !== undefined)
        throw new AsyncDiffError(
          'invalid_input',
          `item ${at} has ${Object.keys(item).join(', ') || 'nothing'}, item 0 has ${names.join(', ')}: every item has the same inputs`,
        );
      return cast(item, `item ${at}, `);
    }),
  };
}

function checkNames(
  given: readonly string[],
  declared: ReadonlyMap<string, DeclaredValue>,
  carried: ReadonlySet<string>,
  perItem: readonly string[],
): void {
  const takes = [...declared.values()].map(({ name, dtype, dims }) => `${name} ${dtype}${formatDims(dims)}`);
  for (const [at, name] of given.entries()) {
    if (!declared.has(name))
      throw new AsyncDiffError(
        'invalid_input',
        `the model has no input ${name}; it takes ${takes.join(', ')}`,
      );
    if (given.indexOf(name) !== at)
      throw new AsyncDiffError(
        'invalid_input',
        `input ${name} is given once for all items, and item by item`,
      );
  }
  const missing = [...declared.keys()].filter((name) => !given.includes(name) && !carried.has(name));
  if (missing.length > 0)
    throw new AsyncDiffError('invalid_input', `input ${missing.join(', ')} is missing`, {
      hint: `The model takes ${takes.join(', ')}: give each as --input NAME=FILE.npy, or as a state.`,
    });
  const twice = perItem.find((name) => carried.has(name));
  if (twice !== undefined)
    throw new AsyncDiffError(
      'invalid_input',
      `${twice} is a state: it is given for the first item only, later ones read what the item before made`,
    );
}

function checked(input: DeclaredValue, tensor: Tensor, what: string): Tensor {
  try {
    const own = castTo(tensor, input.dtype);
    checkInput(input, own);
    return own;
  } catch (error) {
    throw new AsyncDiffError('invalid_input', `${what}${AsyncDiffError.from(error).rawMessage}`);
  }
}

/** Without a loss where integers are widened; between float types as the model's own Cast would. */
function castTo(tensor: Tensor, dtype: Tensor['dtype']): Tensor {
  const floats = ['float16', 'float32', 'float64'];
  if (tensor.dtype !== dtype && floats.includes(tensor.dtype) && floats.includes(dtype))
    return castFloat(tensor, dtype);
  if (tensor.dtype === 'int32' && dtype === 'int64')
    return { dtype, dims: tensor.dims, data: BigInt64Array.from(tensor.data as Int32Array, BigInt) };
  return tensor;
}

/**
 * The list by shapes, in the order in which each shape comes first: a plan fixes every shape.
 * @throws AsyncDiffError `invalid_input` for several shapes in a list with states
 */
export function groupsOf({ items, states }: Pick<ItemsRequest, 'items' | 'states'>): ItemGroup[] {
  const groups = new Map<string, { places: number[]; shapes: Record<string, readonly number[]> }>();
  for (const [at, item] of items.entries()) {
    const shapes = Object.fromEntries(Object.entries(item).map(([name, { dims }]) => [name, dims]));
    const key = JSON.stringify(Object.entries(shapes).sort(([a], [b]) => (a < b ? -1 : 1)));
    const known = groups.get(key);
    if (known === undefined) groups.set(key, { places: [at], shapes });
    else known.places.push(at);
  }
  const all = [...groups.values()];
  const [one, other] = all;
  if (states.length > 0 && one !== undefined && other !== undefined)
    throw new AsyncDiffError(
      'invalid_input',
      `item ${other.places[0]} has other shapes than item ${one.places[0]}: with states all items have one shape`,
    );
  return all;
}

/** How the model is used: what is given item by item, and what goes from one to the next. */
export function usedAs({ items, states }: Pick<ItemsRequest, 'items' | 'states'>): SinglePassUse {
  return { inputs: Object.keys(items[0] ?? {}), states };
}
