// Original file: proto/asyncdiff/v1/worker.proto

import type { Tensor as _asyncdiff_v1_Tensor, Tensor__Output as _asyncdiff_v1_Tensor__Output } from '../../asyncdiff/v1/Tensor.js';

/**
 * Inpainting with a predictor that reads no mask: three tensors of the latents' length, float32.
 */
export interface KeptRegion {
  /**
   * 1 where the picture is drawn anew, 0 where it is kept.
   */
  'mask'?: (_asyncdiff_v1_Tensor | null);
  /**
   * Latents of the picture.
   */
  'original'?: (_asyncdiff_v1_Tensor | null);
  'noise'?: (_asyncdiff_v1_Tensor | null);
}

/**
 * Inpainting with a predictor that reads no mask: three tensors of the latents' length, float32.
 */
export interface KeptRegion__Output {
  /**
   * 1 where the picture is drawn anew, 0 where it is kept.
   */
  'mask': (_asyncdiff_v1_Tensor__Output | null);
  /**
   * Latents of the picture.
   */
  'original': (_asyncdiff_v1_Tensor__Output | null);
  'noise': (_asyncdiff_v1_Tensor__Output | null);
}
