/** What a diffusers `UNet2DConditionModel` config.json says, as far as shapes and cost depend on it. */
export interface UnetConfig {
  /** Hub id of the model whose `unet/config.json` this is. */
  readonly model: string;
  /** Default image size in pixels: `sample_size` times the VAE's factor of 8. */
  readonly height: number;
  readonly width: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly blockOutChannels: readonly number[];
  readonly layersPerBlock: number;
  /** Transformer blocks per attention of each down block; 0 is a `DownBlock2D`, which has no attention. */
  readonly transformerLayers: readonly number[];
  /** Transformer blocks in the mid block. */
  readonly midTransformerLayers: number;
  /** Heads of each down block (`attention_head_dim`, which is the number of heads in these models). */
  readonly heads: readonly number[];
  readonly crossAttentionDim: number;
  /** SDXL's `addition_embed_type: text_time`: pooled text width and sinusoid width of each of the six time ids. */
  readonly additionEmbedding?: { readonly textEmbedDim: number; readonly timeEmbedDim: number };
  /** Published number of parameters of the U-Net. */
  readonly publishedParameters: number;
  /** Parameters and layers of each text encoder of the pipeline. */
  readonly textEncoders: readonly { readonly params: number; readonly layers: number }[];
  /** Whether the pipeline decodes in float32 (`force_upcast` of the VAE). */
  readonly vaeUpcast: boolean;
}

export type ArchitectureName = 'sd15' | 'sd21' | 'sdxl';

/** The architectures that a profile can be made for, by the name that the command line takes. */
export const ARCHITECTURES: Readonly<Record<ArchitectureName, UnetConfig>> = Object.freeze({
  sd15: {
    model: 'runwayml/stable-diffusion-v1-5',
    height: 512,
    width: 512,
    inChannels: 4,
    outChannels: 4,
    blockOutChannels: [320, 640, 1280, 1280],
    layersPerBlock: 2,
    transformerLayers: [1, 1, 1, 0],
    midTransformerLayers: 1,
    heads: [8, 8, 8, 8],
    crossAttentionDim: 768,
    publishedParameters: 859_520_964,
    textEncoders: [{ params: 123e6, layers: 12 }],
    vaeUpcast: false,
  },
  sd21: {
    model: 'stabilityai/stable-diffusion-2-1',
    height: 768,
    width: 768,
    inChannels: 4,
    outChannels: 4,
    blockOutChannels: [320, 640, 1280, 1280],
    layersPerBlock: 2,
    transformerLayers: [1, 1, 1, 0],
    midTransformerLayers: 1,
    heads: [5, 10, 20, 20],
    crossAttentionDim: 1024,
    publishedParameters: 865_910_724,
    textEncoders: [{ params: 340e6, layers: 23 }],
    vaeUpcast: false,
  },
  sdxl: {
    model: 'stabilityai/stable-diffusion-xl-base-1.0',
    height: 1024,
    width: 1024,
    inChannels: 4,
    outChannels: 4,
    blockOutChannels: [320, 640, 1280],
    layersPerBlock: 2,
    transformerLayers: [0, 2, 10],
    midTransformerLayers: 10,
    heads: [5, 10, 20],
    crossAttentionDim: 2048,
    additionEmbedding: { textEmbedDim: 1280, timeEmbedDim: 256 },
    publishedParameters: 2_567_463_684,
    textEncoders: [
      { params: 123e6, layers: 12 },
      { params: 695e6, layers: 32 },
    ],
    vaeUpcast: true,
  },
});
