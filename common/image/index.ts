export { GLYPH_HEIGHT, GLYPH_WIDTH, glyphPixel } from './bitmap-font.js';
export { gridPicture, sideBySide } from './captioned-grid.js';
export { moving } from './moving.js';
export { decodePng, encodePng } from './png.js';
export { readPngText, withPngText } from './png-text.js';
export { psnr } from './psnr.js';
export { type DecodedImage, imagePsnrDb, type RgbImage, toRgb8 } from './rgb-image.js';
export { resizePicture } from './resize.js';
export { type ImageShape, ssim } from './ssim.js';
