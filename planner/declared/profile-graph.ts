import { AsyncDiffError } from '../../common/errors/index.js';
import {
  type DeclaredProfile,
  parseProfile,
  PROFILE_SCHEMA,
  type ProfileHeader,
} from '../../execution/declared/index.js';
import type { CostGraph, GraphValue } from '../search/index.js';

/**
 * The profile's graph in the form that the partition and the simulator take, at the batch of one micro-batch. Times are undilated.
 * @throws AsyncDiffError invalid_settings where the profile has no times for that batch
 */
export function toCostGraph(profile: DeclaredProfile, microBatches = 1): CostGraph {
  const { graph, batch } = profile;
  const ofOne = <Value extends GraphValue>(value: Value): Value => {
    const [first, ...rest] = value.dims;
    if (microBatches === 1 || first !== batch) return value;
    return { ...value, dims: [1, ...rest], bytes: value.bytes / batch };
  };
  return {
    ...graph,
    inputs: graph.inputs.map(ofOne),
    nodes: graph.nodes.map(({ batchOneMs, ...node }) => ({
      ...node,
      costMs: microBatches === 1 ? node.costMs : batchOneTime(profile, microBatches, batchOneMs),
    })),
    values: new Map(graph.values.map((value) => [value.name, ofOne(value)])),
    weightBytes: new Map(Object.entries(graph.weightBytes)),
  };
}

function batchOneTime(
  { name, batch }: DeclaredProfile,
  microBatches: number,
  ms: number | undefined,
): number {
  if (ms !== undefined && microBatches === batch) return ms;
  const known = ms === undefined ? 'as a whole only' : `as a whole or in ${batch} micro-batches`;
  throw new AsyncDiffError(
    'invalid_settings',
    `micro_batches is ${microBatches}: the profile ${name} says what its batch of ${batch} takes ${known}`,
  );
}

/**
 * The opposite of {@link toCostGraph}.
 * @param batchOneMs time of each node at batch 1, where known
 */
export function toProfile(
  header: ProfileHeader,
  graph: CostGraph,
  batchOneMs: readonly number[] = [],
): DeclaredProfile {
  const { sampleInput, timestepInput, output, inputs, nodes, values, weightBytes } = graph;
  return parseProfile(
    structuredClone({
      schema: PROFILE_SCHEMA,
      ...header,
      graph: {
        sampleInput,
        timestepInput,
        output,
        inputs,
        nodes: nodes.map((node, at) => ({ ...node, batchOneMs: batchOneMs[at] })),
        values: [...values.values()],
        weightBytes: Object.fromEntries(weightBytes),
      },
    }),
    header.name,
  );
}
