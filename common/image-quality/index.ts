export { psnr } from './psnr.js';
export { type ImageShape, ssim } from './ssim.js';
