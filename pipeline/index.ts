export { GLYPH_HEIGHT, GLYPH_WIDTH, glyphPixel } from './bitmap-font.js';
export { type GridOptions, gridPicture, sideBySide } from './captioned-grid.js';
export { type ModelFolder, openModelFolder } from './model-folder.js';
export { type LatentRequest, type PipelineDefaults, TextToImagePipeline } from './pipeline.js';
export { decodePng, encodePng } from './png.js';
export { imagePsnrDb, pixelsToFloat, type RgbImage, toRgb8 } from './rgb-image.js';
export { type EncodedPrompt, type EncodeOptions, TextEncoder } from './text-encoder.js';
export { type TokenizedPrompt, Tokenizer } from './tokenizer.js';
export { VaeDecoder } from './vae-decoder.js';
