import { AsyncDiffError } from '../../common/errors/index.js';
import { readsOf, storedBytes, tensorDims, writesOf } from '../../common/model-file/index.js';
import { formatDims, tensorBytes } from '../../common/tensor/index.js';
import type { CostGraph, GraphNode, GraphValue, SinglePass } from '../search/index.js';
import { type DeviceSpeed, NODE_MS } from './device-speed.js';
import type { FoldedSkeleton } from './fold-constants.js';
import type { GraphRoles } from './graph-roles.js';
import { isFree, nodeWork } from './node-work.js';

/** A cost graph, and what its costs could not account for. */
interface CostedGraph {
  readonly graph: CostGraph;
  /** Operators whose work is not known, as `domain::Operator` or `Operator`, sorted: they are counted by their output. */
  readonly unknownOperators: readonly string[];
}

/**
 * The cost graph of a folded skeleton on a device. Nodes that read weights and constants only are no nodes of it: ONNX Runtime computes them
 * once, when a session opens. A node that reads what they make has the weights behind them among its `weights`. Values that a
 * node's subgraphs capture count as its inputs.
 *
 * @throws AsyncDiffError `model_unsupported` if the noise prediction is not shaped as the latents.
 */
export function buildCostGraph(
  { skeleton, values: known }: FoldedSkeleton,
  roles: GraphRoles,
  device: DeviceSpeed,
): CostedGraph {
  const weightBytes = new Map<string, number>();
  for (const [name, tensor] of [...skeleton.constants, ...skeleton.weights])
    weightBytes.set(name, storedBytes(tensor));
  const values = new Map<string, GraphValue>();
  const inputs = skeleton.inputs.map(({ name, dtype, dims }) => {
    const value = { name, dtype, dims, bytes: tensorBytes(dtype, dims) };
    values.set(name, value);
    return value;
  });
  const behind = weightsBehind(skeleton);
  const unknown = new Set<string>();
  const shapeOf = (name: string | undefined): readonly number[] | undefined => {
    if (name === undefined || name === '') return undefined;
    const stored = skeleton.weights.get(name) ?? skeleton.constants.get(name);
    return stored === undefined ? known.get(name)?.dims : tensorDims(stored);
  };
  const nodes = skeleton.nodes.flatMap((node): GraphNode[] => {
    if (writesOf(node).some((name) => behind.has(name))) return [];
    for (const name of writesOf(node)) {
      const value = known.get(name);
      if (value !== undefined)
        values.set(name, { name, ...value, bytes: tensorBytes(value.dtype, value.dims) });
    }
    const reads = readsOf(node);
    const weights = new Set(
      reads.flatMap((name) => (weightBytes.has(name) ? [name] : [...(behind.get(name) ?? [])])),
    );
    const { operations, isKnown } = nodeWork(node, shapeOf);
    if (!isKnown) unknown.add(operatorName(node.domain, node.op_type));
    const outputs = writesOf(node);
    const inputNames = reads.filter((name) => values.has(name));
    const moved = [...(isKnown ? inputNames : []), ...outputs].map((name) => values.get(name)?.bytes ?? 0);
    const stored = isKnown ? [...weights].map((name) => weightBytes.get(name) ?? 0) : [];
    const bytes = isFree(node) ? 0 : [...moved, ...stored].reduce((sum, one) => sum + one, 0);
    return [
      {
        name: node.name ?? '',
        opType: node.op_type ?? '',
        inputs: inputNames,
        outputs,
        weights: [...weights],
        costMs: NODE_MS + 1000 * (operations / device.operationsPerSecond + bytes / device.bytesPerSecond),
      },
    ];
  });
  const { singlePass, sample, timestep, output } = roles;
  if (singlePass === undefined) checkOutput(values.get(sample?.name ?? ''), values.get(output));
  else checkStates(singlePass, values);
  const graph: CostGraph = {
    inputs,
    sampleInput: sample?.name ?? '',
    timestepInput: timestep?.name ?? '',
    output,
    ...(singlePass === undefined ? {} : { singlePass }),
    nodes,
    values,
    weightBytes,
  };
  return { graph, unknownOperators: [...unknown].sort() };
}

/** Values that depend on no graph input, and the stored tensors that each is made from. */
export function weightsBehind({
  nodes,
  weights,
  constants,
}: Pick<FoldedSkeleton['skeleton'], 'nodes' | 'weights' | 'constants'>): Map<string, ReadonlySet<string>> {
  const behind = new Map<string, ReadonlySet<string>>();
  for (const node of nodes) {
    const reads = readsOf(node);
    const isConstant = reads.every((name) => weights.has(name) || constants.has(name) || behind.has(name));
    // A node without inputs is constant too, but for those that give other numbers each time.
    if (!isConstant || /^(Random|Multinomial|Bernoulli)/.test(node.op_type ?? '')) continue;
    const from = new Set(reads.flatMap((name) => [...(behind.get(name) ?? [name])]));
    for (const name of writesOf(node)) behind.set(name, from);
  }
  return behind;
}

function operatorName(domain: string | undefined, type: string | undefined): string {
  return (domain ?? '') === '' ? (type ?? '') : `${domain}::${type}`;
}

function checkOutput(sample: GraphValue | undefined, output: GraphValue | undefined): void {
  if (sample && output && sample.dims.join() === output.dims.join() && sample.dtype === output.dtype) return;
  const show = (value: GraphValue | undefined): string =>
    value ? `${value.name} ${value.dtype}${formatDims(value.dims)}` : 'nothing';
  throw new AsyncDiffError(
    'model_unsupported',
    `the noise prediction must have the type and shape of the latents: the model takes ${show(sample)} and gives ${show(output)}`,
  );
}

/** A state is fed as it was made. */
function checkStates({ states }: SinglePass, values: ReadonlyMap<string, GraphValue>): void {
  for (const { input, value } of states) {
    const [read, made] = [values.get(input)?.dims ?? [], values.get(value)?.dims ?? []];
    if (read.join() === made.join()) continue;
    throw new AsyncDiffError(
      'invalid_input',
      `the state ${input} is ${formatDims(read)}, the output ${value} that it is fed with is ${formatDims(made)}`,
      {
        hint: `Give the state of the first item as --input ${input}=FILE.npy, in the shape that the model makes.`,
      },
    );
  }
}
