import { type Tensor, type ValueSpec, zeros } from '../common/tensor/index.js';
import type { Partition } from '../program/index.js';

type NamedTensors = Readonly<Record<string, Tensor>>;

/**
 * What the first item of a list reads: states as they were given, or zeros; by the value's name.
 * @param specs inputs of the graph
 * @param given by the input's name
 */
export function firstStates(
  carried: NonNullable<Partition['carried']>,
  specs: readonly ValueSpec[],
  given: NamedTensors,
): NamedTensors {
  return Object.fromEntries(
    carried.map(({ input, value }) => {
      const { dtype, dims } = specs.find(({ name }) => name === input) ?? { dtype: 'float32', dims: [] };
      return [value, given[input] ?? zeros(dtype, dims)];
    }),
  );
}
