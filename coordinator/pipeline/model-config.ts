import { z } from 'zod';

// Only the keys that are used are named; diffusers' files hold many more.

export const modelIndexSchema = z.looseObject({ _class_name: z.string() });
export type ModelIndex = z.infer<typeof modelIndexSchema>;

const size = z.int().positive();

export const predictorConfigSchema = z.looseObject({
  in_channels: size,
  sample_size: z.union([size, z.tuple([size, size])]).nullish(),
});
export type PredictorConfig = z.infer<typeof predictorConfigSchema>;

export const vaeConfigSchema = z.looseObject({
  block_out_channels: z.array(size).min(1).default([128, 256, 512, 512]),
  latent_channels: size.default(4),
  // Defaults of diffusers' AutoencoderKL: older exports leave these out.
  scaling_factor: z.number().positive().default(0.18215),
  shift_factor: z.number().nullish(),
});
export type VaeConfig = z.infer<typeof vaeConfigSchema>;

export const textEncoderConfigSchema = z.looseObject({ max_position_embeddings: size.optional() });
export type TextEncoderConfig = z.infer<typeof textEncoderConfigSchema>;

/** Optional `generation_config.json`: what a model looks best with, in diffusers' words. */
export const generationConfigSchema = z.looseObject({
  guidance_scale: z.number().nonnegative().default(7.5),
  num_inference_steps: size.default(50),
});
export type GenerationConfig = z.infer<typeof generationConfigSchema>;
