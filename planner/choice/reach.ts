/** A configuration, as far as it decides how far the furthest component looks ahead. */
interface Reaching {
  readonly components: number;
  readonly stride: number;
  readonly lag: number;
  readonly isUShaped: boolean;
}

/** r: steps that the furthest component looks ahead; a U-shape, whose middle reads extrapolated tensors, counts as a round more. */
export function reachOf({ components, stride, lag, isUShaped }: Reaching): number {
  const rounds = components === 1 ? 0 : components - 1 + (lag === 2 ? 1 : 0) + (isUShaped ? 1 : 0);
  return rounds * stride + stride - 1;
}
