/** A run of consecutive main nodes that becomes one segment: positions start..end-1 of `GraphIndex.mainNodes`. */
export interface MainRange {
  /** 1-based component that it belongs to. */
  readonly component: number;
  readonly start: number;
  readonly end: number;
}

export type PartitionShape = 'sequential' | 'u-shaped';

/** Where a predictor is cut: `positions` ascending, strictly between 0 and the number of main nodes. */
export interface CutPositions {
  readonly shape: PartitionShape;
  readonly positions: readonly number[];
}

/** Number of components that these cuts make. In the U-shape the first and the last piece are one. */
export function componentsOf(cuts: CutPositions): number {
  return cuts.shape === 'u-shaped' ? cuts.positions.length : cuts.positions.length + 1;
}

/** The pieces, in order of execution, one per component, or two for component N of a U-shape (its head and tail). */
export function rangesOf(cuts: CutPositions, mainCount: number): MainRange[] {
  const last = componentsOf(cuts);
  const edges = [0, ...cuts.positions, mainCount];
  return edges.slice(1).map((end, piece) => {
    const component = cuts.shape === 'sequential' ? piece + 1 : piece === 0 ? last : piece;
    return { component, start: edges[piece]!, end };
  });
}
