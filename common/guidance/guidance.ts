/**
 * Classifier-free guidance: u + scale (c - u), of an unconditional and a conditional prediction, and what some pipelines do to the result. No
 * guidance is `undefined`.
 */
export interface Guidance {
  readonly scale: number;
  /**
   * Scale of the last entry along axis 1, the frames of a video; the scales between lie evenly (StableVideoDiffusionPipeline's
   * min_guidance_scale is then `scale`).
   */
  readonly lastScale?: number | undefined;
  /** Share of the guided prediction that has the conditional one's standard deviation, row by row of the batch (diffusers' guidance_rescale). */
  readonly rescale?: number | undefined;
  /** Each vector along the last axis gets the conditional one's length (QwenImagePipeline). */
  readonly keepsNorm?: boolean | undefined;
}

/** Guidance in diffusers' sense: a scale of 1 or less is none. */
export function guidanceOf(scale: number): Guidance | undefined {
  return scale > 1 ? { scale } : undefined;
}

/** The largest scale there is: how strongly a prediction is guided at most. */
export function strongestScale({ scale, lastScale = scale }: Guidance): number {
  return Math.max(scale, lastScale);
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
