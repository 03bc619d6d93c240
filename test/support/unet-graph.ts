import type { CostGraph, GraphNode, GraphValue } from '../../planner/search/index.js';

/**
 * A graph of the form of a diffusion U-Net: `levels` levels down and up, `blocks` blocks per level of `nodesPerBlock` nodes, a skip
 * connection from each block down to its partner up, a time embedding that every block reads, and keys and values of the
 * context in each. Values shrink by 2 per level; node names are like those of a torch export.
 */
export function unetGraph(levels: number, blocks: number, nodesPerBlock: number): CostGraph {
  const values = new Map<string, GraphValue>();
  const nodes: GraphNode[] = [];
  const weightBytes = new Map<string, number>();
  const declare = (name: string, elements: number): GraphValue => {
    const value = { name, dtype: 'float32' as const, dims: [2, elements / 2], bytes: elements * 4 };
    values.set(name, value);
    return value;
  };
  const add = (path: string, reads: readonly string[], elements: number, costMs: number): string => {
    const output = `${path}_output_0`;
    declare(output, elements);
    weightBytes.set(`${path}.weight`, 1000);
    nodes.push({
      name: path,
      opType: 'Op',
      inputs: reads,
      outputs: [output],
      weights: [`${path}.weight`],
      costMs,
    });
    return output;
  };
  const inputs = [
    declare('sample', 32_768),
    declare('timestep', 2),
    declare('encoder_hidden_states', 118_272),
  ];
  const time = add('/time_embedding/linear/Gemm', ['timestep'], 2560, 0.05);
  const block = (scope: string, from: readonly string[], level: number): string => {
    const elements = 2_621_440 / 2 ** level;
    let at = add(`${scope}/resnets/Concat`, from, elements, 0.01);
    const keys = add(`${scope}/attn/to_k/MatMul`, ['encoder_hidden_states'], 50_000, 0.02);
    for (let node = 0; node < nodesPerBlock - 3; node++) {
      const reads = node === 1 ? [at, time] : node === 3 ? [at, keys] : [at];
      at = add(`${scope}/op${node}/Op`, reads, elements, 0.02 + 0.1 * ((node * 7) % 5));
    }
    return add(`${scope}/Add`, [at, ...from.slice(0, 1)], elements, 0.05);
  };
  let at = add('/conv_in/Conv', ['sample'], 2_621_440, 0.3);
  const skips: { value: string; level: number }[] = [];
  for (let level = 0; level < levels; level++) {
    for (let nth = 0; nth < blocks; nth++) {
      at = block(`/down_blocks.${level}/blocks.${nth}`, [at], level);
      skips.push({ value: at, level });
    }
  }
  at = block('/mid_block/blocks.0', [at], levels);
  for (let nth = 0; skips.length > 0; nth++) {
    const { value, level } = skips.pop()!;
    at = block(`/up_blocks.${levels - 1 - level}/blocks.${nth}`, [at, value], level);
  }
  const out = add('/conv_out/Conv', [at], 32_768, 0.2);
  return {
    inputs,
    sampleInput: 'sample',
    timestepInput: 'timestep',
    output: out,
    nodes,
    values,
    weightBytes,
  };
}
