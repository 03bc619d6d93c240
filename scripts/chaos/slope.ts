/** A figure at a time. */
interface Point {
  readonly hours: number;
  readonly value: number;
}

/** By how much a figure grows in an hour: the line through its points that has the least squares. 0 for fewer than two. */
export function slopePerHour(points: readonly Point[]): number {
  const mean = (of: (point: Point) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / Math.max(1, points.length);
  const [hours, value] = [mean((point) => point.hours), mean((point) => point.value)];
  const spread = points.reduce((sum, point) => sum + (point.hours - hours) ** 2, 0);
  if (spread === 0) return 0;
  return points.reduce((sum, point) => sum + (point.hours - hours) * (point.value - value), 0) / spread;
}
