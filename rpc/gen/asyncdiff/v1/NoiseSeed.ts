// Original file: proto/asyncdiff/v1/worker.proto

import type { Long } from '@grpc/proto-loader';

/**
 * torch.Generator("cpu").manual_seed(seed), from which something may have been drawn already.
 */
export interface NoiseSeed {
  /**
   * -2^63 to 2^64 - 1, in decimal.
   */
  'seed'?: (string);
  /**
   * Elements of each torch.randn before the sampler's first draw.
   */
  'drawnBefore'?: (number | string | Long)[];
  /**
   * Values of a row that belong to each of several latents: each is drawn on its own, one after another. Empty: there is one.
   */
  'parts'?: (number | string | Long)[];
}

/**
 * torch.Generator("cpu").manual_seed(seed), from which something may have been drawn already.
 */
export interface NoiseSeed__Output {
  /**
   * -2^63 to 2^64 - 1, in decimal.
   */
  'seed': (string);
  /**
   * Elements of each torch.randn before the sampler's first draw.
   */
  'drawnBefore': (number)[];
  /**
   * Values of a row that belong to each of several latents: each is drawn on its own, one after another. Empty: there is one.
   */
  'parts': (number)[];
}
