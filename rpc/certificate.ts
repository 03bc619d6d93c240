import type { X509Certificate } from 'node:crypto';

/** In what way a certificate is not valid now, as the end of a sentence; undefined if it is. */
export function validityFault(certificate: X509Certificate, now: Date = new Date()): string | undefined {
  const from = new Date(certificate.validFrom);
  const to = new Date(certificate.validTo);
  if (to < now) return `expired on ${day(to)}`;
  if (from > now) return `is not valid before ${day(from)}`;
  return undefined;
}

function day(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z');
}
