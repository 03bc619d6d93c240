import type { Guidance } from '../common/guidance/index.js';
import type { Guidance as GuidanceMessage, Guidance__Output } from '../rpc/gen/asyncdiff/v1/Guidance.js';

export function toGuidanceMessage({ scale, lastScale, rescale, keepsNorm }: Guidance): GuidanceMessage {
  return {
    scale,
    ...(lastScale === undefined ? {} : { lastScale }),
    rescale: rescale ?? 0,
    keepsNorm: keepsNorm ?? false,
  };
}

export function fromGuidanceMessage({ scale, lastScale, rescale, keepsNorm }: Guidance__Output): Guidance {
  return { scale, lastScale, rescale, keepsNorm };
}
