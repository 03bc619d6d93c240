/** Classifier-free guidance: u + scale (c - u), of an unconditional and a conditional prediction. No guidance is `undefined`. */
export interface Guidance {
  readonly scale: number;
}

/** Guidance in diffusers' sense: a scale of 1 or less is none. */
export function guidanceOf(scale: number): Guidance | undefined {
  return scale > 1 ? { scale } : undefined;
}

/** Times that the latents stand in a batch: twice with guidance, [unconditional; conditional]. */
export function batchRepeatOf(guidance: Guidance | undefined): 1 | 2 {
  return guidance === undefined ? 1 : 2;
}

/** Shapes of a predictor's inputs, by name, for latents [batch, ...] and conditioning that holds both halves where there is guidance. */
export function inputShapesOf(
  latentDims: readonly number[],
  conditioning: Readonly<Record<string, { readonly dims: readonly number[] }>>,
  guidance: Guidance | undefined,
): Record<string, readonly number[]> {
  const [batch = 1, ...rest] = latentDims;
  const shapes = Object.entries(conditioning).map(([name, { dims }]) => [name, dims] as const);
  return { ...Object.fromEntries(shapes), sample: [batch * batchRepeatOf(guidance), ...rest] };
}
