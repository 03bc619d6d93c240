import type { ModelFolder, ModelPart } from './model-folder.js';

export const VAE_DECODER = 'vae_decoder';
export const VAE_ENCODER = 'vae_encoder';

/** The VAE's config, from whichever half of it has one. */
export function vaePart({ parts }: ModelFolder): ModelPart | undefined {
  const halves = [parts[VAE_DECODER], parts[VAE_ENCODER]];
  return halves.find((part) => part !== undefined && Object.keys(part.config).length > 0) ?? halves[0];
}
