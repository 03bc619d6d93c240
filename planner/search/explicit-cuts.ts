import { AsyncDiffError } from '../../common/errors/index.js';
import type { GraphIndex } from './graph-index.js';
import type { CutPositions, PartitionShape } from './main-range.js';

/**
 * The cuts that a user named, nodes in the order of the graph: component n ends with the node that produces `values[n-1]`. In a
 * U-shape the first value ends the head, which belongs to component N, and component n ends with `values[n]`.
 *
 * @throws AsyncDiffError `partition_impossible`, naming the value, if the graph has no such value, if it does not depend on the
 *   latents or does not lead to the noise prediction, if it is not after the one before it, or if nothing is left after it; for
 *   a U-shape of one cut.
 */
export function explicitCuts(
  index: GraphIndex,
  values: readonly string[],
  shape: PartitionShape,
): CutPositions {
  const { graph, mainNodes } = index;
  if (shape === 'u-shaped' && values.length === 1) {
    throw new AsyncDiffError(
      'partition_impossible',
      `cut ${values[0]}: a U-shape needs two cuts or more, where its head ends and where its tail begins`,
    );
  }
  const producer = new Map(
    graph.nodes.flatMap((node, at) => node.outputs.map((name) => [name, at] as const)),
  );
  const positionOf = new Map(mainNodes.map((node, position) => [node, position]));
  const positions: number[] = [];
  for (const [at, value] of values.entries()) {
    const refuse = (why: string) => new AsyncDiffError('partition_impossible', `cut ${value}: ${why}`);
    const node = producer.get(value);
    if (node === undefined) throw refuse('no node of the model produces a value of this name');
    const position = positionOf.get(node);
    if (position === undefined) {
      throw refuse(
        `it does not lie between the latent input ${graph.sampleInput} and the output ${graph.output}: ` +
          'what depends on the timestep or the conditioning only is computed in every component',
      );
    }
    const end = position + 1;
    if (end === mainNodes.length)
      throw refuse('it ends the model, so nothing is left for the next component');
    if (at > 0 && end <= positions[at - 1]!) {
      throw refuse(`it is not produced after ${values[at - 1]!}; give cuts in order of execution`);
    }
    positions.push(end);
  }
  return { shape, positions };
}
