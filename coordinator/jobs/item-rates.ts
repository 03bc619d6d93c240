import type { PlanRequest } from '../../planner/index.js';
import type { Partition } from '../../program/index.js';
import type { Deployment } from '../deployment/index.js';

/** Predicted times of a pipeline over items, milliseconds. */
export interface ItemRates {
  /** From one item to the next, once the components are full. */
  readonly periodMs: number;
  /** Of an item on one worker with the whole model. */
  readonly oneWorkerMs: number;
}

/**
 * Predicts a pipeline from the segments' times as their workers measured them: the slowest component, the busiest link, or the longest way
 * back of a state to a component before the one that makes it, whichever is most.
 */
export function itemRates(
  { plan, segmentMs }: Pick<Deployment, 'plan' | 'segmentMs'>,
  { links }: Pick<PlanRequest, 'links'>,
): ItemRates {
  const { partition, placement } = plan;
  const holder = (component: number): string => placement[component - 1]?.[0] ?? '';
  const componentMs = partition.components.map(({ index }) =>
    plan.specs
      .filter(({ component }) => component === index)
      .reduce((sum, { id }) => sum + (segmentMs.get(`${holder(index)}/${id}`) ?? 0), 0),
  );
  const bytes = new Map<string, number>();
  for (const tensor of partition.boundaryTensors)
    for (const consumer of tensor.consumers) {
      const pair = `${holder(tensor.producer)} ${holder(consumer)}`;
      bytes.set(pair, (bytes.get(pair) ?? 0) + tensor.bytes);
    }
  const linkMs = links.map(({ from, to, bytesPerSecond }) =>
    bytesPerSecond > 0 ? (1000 * (bytes.get(`${from} ${to}`) ?? 0)) / bytesPerSecond : 0,
  );
  return {
    periodMs: Math.max(0, ...componentMs, ...linkMs, ...waysBack(partition, componentMs)),
    oneWorkerMs: componentMs.reduce((sum, ms) => sum + ms, 0),
  };
}

/** An item cannot begin in the component that reads a state before the item before has passed the one that makes it. */
function waysBack({ carried = [], segments }: Partition, componentMs: readonly number[]): number[] {
  return carried.flatMap(({ input, value }) => {
    const maker = segments.find(({ item }) => item?.carries.includes(value) === true)?.component ?? 0;
    return segments
      .filter(({ item }) => item?.states.some((state) => state.input === input) === true)
      .map(({ component }) => componentMs.slice(component - 1, maker).reduce((sum, ms) => sum + ms, 0));
  });
}
