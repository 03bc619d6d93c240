import type { CostGraph } from '../../planner/search/index.js';
import type { ArchitectureName } from './unet-config.js';

/**
 * Where the official AsyncDiff code (czg1225/AsyncDiff, asyncdiff/pipe_config.py) cuts these models by hand, in the words
 * of this house: component n ends with the module named here. `head` is set for SDXL, whose last component also holds
 * what runs up to and including that module.
 */
interface OfficialSplit {
  readonly head?: string;
  readonly ends: readonly string[];
}

export const OFFICIAL_SPLITS: Readonly<Record<ArchitectureName, Readonly<Record<2 | 3 | 4, OfficialSplit>>>> =
  Object.freeze({
    sd15: {
      2: { ends: ['up_blocks.1.resnets.1'] },
      3: { ends: ['down_blocks.3.resnets.1', 'up_blocks.2.resnets.2'] },
      4: { ends: ['down_blocks.1.downsamplers.0', 'up_blocks.1.resnets.1', 'up_blocks.2.upsamplers.0'] },
    },
    sd21: {
      2: { ends: ['up_blocks.1.resnets.2'] },
      3: { ends: ['down_blocks.3.resnets.1', 'up_blocks.2.upsamplers.0'] },
      4: { ends: ['down_blocks.1.downsamplers.0', 'up_blocks.1.upsamplers.0', 'up_blocks.3.resnets.0'] },
    },
    sdxl: {
      2: { head: 'down_blocks.1.downsamplers.0', ends: ['up_blocks.0.attentions.1'] },
      3: {
        head: 'down_blocks.1.downsamplers.0',
        ends: ['up_blocks.0.resnets.0', 'up_blocks.0.upsamplers.0'],
      },
      4: {
        head: 'down_blocks.1.resnets.0',
        ends: ['down_blocks.2.attentions.1', 'up_blocks.0.attentions.0', 'up_blocks.0.upsamplers.0'],
      },
    },
  });

/** Component (1-based) of each node under an official split. */
export function officialAssignment(graph: CostGraph, split: OfficialSplit): number[] {
  const position = new Map(graph.nodes.map((node, index) => [node.outputs[0], index]));
  const at = (name: string): number => {
    const index = position.get(name);
    if (index === undefined) throw new Error(`official split: the graph has no module ${name}`);
    return index;
  };
  return assignByCuts(graph, {
    headEnd: split.head === undefined ? 0 : at(split.head) + 1,
    ends: split.ends.map((name) => at(name) + 1),
  });
}

/** A cut of the node list: component n is what precedes `ends[n-1]`; the last one has the rest and the first `headEnd` nodes. */
export interface NodeCuts {
  readonly headEnd: number;
  readonly ends: readonly number[];
}

export function assignByCuts(graph: CostGraph, { headEnd, ends }: NodeCuts): number[] {
  const last = ends.length + 1;
  return graph.nodes.map((_, index) => {
    if (index < headEnd) return last;
    const before = ends.findIndex((end) => index < end);
    return before === -1 ? last : before + 1;
  });
}

/**
 * Bytes per round that the official code broadcasts under a split: the output of every module that its lists name.
 * A whole down block returns its last hidden states besides the skip connections that they are one of, so they count twice.
 */
export function officialBroadcastBytes(graph: CostGraph, split: OfficialSplit): number {
  const blocks = [
    ...new Set(graph.nodes.map((node) => blockOf(node.outputs[0])).filter((b) => b !== undefined)),
  ];
  const assignment = officialAssignment(graph, split);
  let bytes = outputBytes(graph, ['conv_in', 'conv_norm_out', 'out_sample']);
  for (const block of blocks) {
    const inside = graph.nodes.flatMap((node, index) => (blockOf(node.outputs[0]) === block ? [index] : []));
    const whole = new Set(inside.map((index) => assignment[index])).size === 1;
    const modules = inside.map((index) => graph.nodes[index]?.outputs[0] ?? '').filter(isModule);
    if (!whole) bytes += outputBytes(graph, modules);
    else if (block.startsWith('down'))
      bytes += outputBytes(graph, [...skipsOf(modules), ...modules.slice(-1)]);
    else bytes += outputBytes(graph, modules.slice(-1));
  }
  return bytes;
}

function blockOf(name = ''): string | undefined {
  return /^(down_blocks\.\d+|mid_block|up_blocks\.\d+)\./.exec(name)?.[1];
}

function isModule(name: string): boolean {
  return /\.(resnets|attentions|downsamplers|upsamplers)\.\d+$/.test(name);
}

/** The skip connections of a down block: the last module of each layer, and the downsampler. */
function skipsOf(modules: readonly string[]): string[] {
  const attentions = modules.some((name) => name.includes('.attentions.'));
  return modules.filter((name) => !(attentions && name.includes('.resnets.')));
}

function outputBytes(graph: CostGraph, names: readonly string[]): number {
  return names.reduce((sum, name) => sum + (graph.values.get(name)?.bytes ?? 0), 0);
}
