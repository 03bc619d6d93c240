import { AsyncDiffError } from '../../common/errors/index.js';
import { formatDims, tensorBytes } from '../../common/tensor/index.js';
import type { CostGraph, GraphNode, GraphValue } from '../search/index.js';
import { readsOf, writesOf } from '../../common/model-file/index.js';
import type { PredictorDescription } from './inputs.js';
import type { NodeProto } from '../../common/model-file/index.js';
import type { NodeProfile } from './profile.js';
import type { RestoredWeights } from './restore-weights.js';
import type { ValueSpec } from '../../common/tensor/index.js';
import { storedBytes } from './tensor-data.js';

/**
 * The cost graph of a folded and profiled model. Casts that only widen stored weights are no nodes of it: a node that reads
 * through one has the stored weight among its `weights`. Values that a node's subgraphs capture count as its inputs.
 */
export function buildCostGraph(
  nodes: readonly NodeProto[],
  stored: RestoredWeights,
  profile: ReadonlyMap<string, NodeProfile>,
  predictor: PredictorDescription,
  inputs: readonly ValueSpec[],
): CostGraph {
  const weightBytes = new Map<string, number>();
  for (const { tensor } of stored.weights) weightBytes.set(tensor.name ?? '', storedBytes(tensor));
  const widened = new Map(stored.casts.map((cast) => [cast.output?.[0] ?? '', cast.input?.[0] ?? '']));

  const values = new Map<string, GraphValue>();
  const addValue = (spec: ValueSpec): GraphValue => {
    const value = { ...spec, bytes: tensorBytes(spec.dtype, spec.dims) };
    values.set(spec.name, value);
    return value;
  };
  const graphInputs = inputs.map(addValue);
  for (const node of nodes) for (const spec of profile.get(node.name ?? '')?.outputs ?? []) addValue(spec);

  const graphNodes = nodes.map((node): GraphNode => {
    const reads = readsOf(node);
    const weights = reads.map((name) => widened.get(name) ?? name).filter((name) => weightBytes.has(name));
    return {
      name: node.name ?? '',
      opType: node.op_type ?? '',
      inputs: reads.filter((name) => values.has(name)),
      outputs: writesOf(node),
      weights: [...new Set(weights)],
      costMs: profile.get(node.name ?? '')?.medianMs ?? 0,
    };
  });

  const sample = values.get(predictor.sample.name);
  const output = values.get(predictor.output.name);
  if (!sample || !output || sample.dims.join() !== output.dims.join() || sample.dtype !== output.dtype) {
    const show = (value: GraphValue | undefined): string =>
      value ? `${value.name} ${value.dtype}${formatDims(value.dims)}` : 'nothing';
    throw new AsyncDiffError(
      'model_unsupported',
      `the noise prediction must have the type and shape of the latents: the model takes ${show(sample)} and gives ${show(output)}`,
    );
  }
  return {
    inputs: graphInputs,
    sampleInput: predictor.sample.name,
    timestepInput: predictor.timestep.name,
    output: predictor.output.name,
    nodes: graphNodes,
    values,
    weightBytes,
  };
}
