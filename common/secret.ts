import { timingSafeEqual } from 'node:crypto';

/** Coordinators make them this long. */
const SECRET_BYTES = 32;

/** Whether two secrets are the same, in a time that tells nothing; never for one that is missing or short. */
export function isSecret(expected: Uint8Array | undefined, shown: Uint8Array): boolean {
  if (expected?.length !== SECRET_BYTES || shown.length !== SECRET_BYTES) return false;
  return timingSafeEqual(expected, shown);
}
