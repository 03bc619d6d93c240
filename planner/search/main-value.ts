import type { GraphValue } from './cost-graph.js';

/** A value that depends on the latents and is read by main nodes, in positions of {@link GraphIndex.mainNodes}. */
export interface MainValue {
  readonly value: GraphValue;
  readonly producer: number;
  /** Positions that read it, ascending; empty for the noise prediction if nothing else reads it. */
  readonly users: readonly number[];
  /** The nodes (indexes into CostGraph.nodes) by which another component makes it from the latents instead of receiving it. */
  readonly recompute?: readonly number[] | undefined;
}
