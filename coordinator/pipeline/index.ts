export { type ModelFolder, openModelFolder } from './model-folder.js';
export { type LatentRequest, type PipelineDefaults, TextToImagePipeline } from './pipeline.js';
export { type EncodedPrompt, type EncodeOptions, TextEncoder } from './text-encoder.js';
export { type TokenizedPrompt, Tokenizer } from './tokenizer.js';
export { VaeDecoder } from './vae-decoder.js';
