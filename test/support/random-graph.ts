import * as fc from 'fast-check';
import type { CostGraph, GraphNode, GraphValue } from '../../planner/search/index.js';

interface NodeSpec {
  readonly picks: readonly number[];
  readonly costMs: number;
  readonly elements: number;
  readonly outputs: number;
  readonly weightBytes: number;
}

const nodeSpec: fc.Arbitrary<NodeSpec> = fc.record({
  picks: fc.array(fc.nat(1_000_000), { minLength: 1, maxLength: 3 }),
  costMs: fc.double({ min: 0, max: 4, noNaN: true }),
  elements: fc.integer({ min: 1, max: 200_000 }),
  outputs: fc.constantFrom(1, 1, 1, 2),
  weightBytes: fc.integer({ min: 0, max: 4096 }),
});

function value(name: string, elements: number, dtype: 'float32' | 'int64' = 'float32'): GraphValue {
  return { name, dtype, dims: [1, elements], bytes: elements * (dtype === 'float32' ? 4 : 8) };
}

/** A graph from node specs: each node reads earlier values, the first reads the latents, the last makes the prediction. */
function graphOf(specs: readonly NodeSpec[], lastSkip = true): CostGraph {
  const inputs = [value('sample', 1024), value('timestep', 1, 'int64'), value('context', 512)];
  const values = new Map(inputs.map((input) => [input.name, input]));
  const weightBytes = new Map<string, number>();
  const known = inputs.map((input) => input.name);
  const dependent = new Set(['sample']);
  const nodes: GraphNode[] = [];
  const add = (name: string, reads: readonly string[], spec: NodeSpec, outputs: readonly string[]) => {
    weightBytes.set(`${name}.weight`, spec.weightBytes);
    nodes.push({
      name,
      opType: 'Op',
      inputs: reads,
      outputs,
      weights: [`${name}.weight`],
      costMs: spec.costMs,
    });
    for (const output of outputs) {
      values.set(output, value(output, spec.elements));
      known.push(output);
      if (reads.some((read) => dependent.has(read))) dependent.add(output);
    }
  };
  for (const [at, spec] of specs.slice(0, -1).entries()) {
    // Mostly recent values, so that graphs are deep, with some long skips.
    const reads = spec.picks.map((pick, nth) => {
      const reach = nth === 0 ? Math.min(4, known.length) : known.length;
      return known[known.length - 1 - (pick % reach)]!;
    });
    if (at === 0) reads[0] = 'sample';
    const outputs = Array.from({ length: spec.outputs }, (_, nth) => `v${at}${nth === 0 ? '' : `.${nth}`}`);
    add(`n${at}`, [...new Set(reads)], spec, outputs);
  }
  const main = known.filter((name) => dependent.has(name));
  const skip = lastSkip ? [main[Math.floor(main.length / 2)]!] : [];
  add('last', [...new Set([main.at(-1)!, ...skip])], specs.at(-1)!, ['out']);
  values.set('out', value('out', 1024));
  return {
    inputs,
    sampleInput: 'sample',
    timestepInput: 'timestep',
    output: 'out',
    nodes,
    values,
    weightBytes,
  };
}

/** Random graphs with nodes that depend on the latents, on the timestep or context only, on both, and dead ones. */
export function randomGraph(maxNodes = 40): fc.Arbitrary<CostGraph> {
  return fc.array(nodeSpec, { minLength: 2, maxLength: maxNodes }).map((specs) => graphOf(specs));
}

/** A plain chain of nodes with the given costs; each reads the one before, and all values have `bytes` bytes. */
export function chainGraph(costsMs: readonly number[], bytes = 4000): CostGraph {
  const specs = costsMs.map((costMs) => ({
    picks: [0],
    costMs,
    elements: bytes / 4,
    outputs: 1,
    weightBytes: 0,
  }));
  return graphOf(specs, false);
}
