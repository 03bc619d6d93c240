import type { Kind } from './kinds.js';

/** Where a user names no number: at most a tenth of what 50 steps of the bundled model are away from 200 of them (1.5e-4 of the variance). */
export const DEFAULT_MAX_ERROR = 1.5e-5;
/** PSNR of the picture where latents are wrong by their own variance, dB; measured, see docs/quality.md. */
const PSNR_AT_ONE = 13.5;
const MIN_ERROR = 1e-12;
const MAX_ERROR = 1;
/** The same bounds as PSNR, dB. */
const [MIN_PSNR, MAX_PSNR] = [PSNR_AT_ONE, PSNR_AT_ONE - 10 * Math.log10(MIN_ERROR)];
const NUMBER = /^(\d+(?:\.\d*)?|\.\d+)(?:e([+-]?\d{1,3}))?$/i;
const DECIBELS = /^(\d{1,3}(?:\.\d{1,6})?) ?dB$/i;
const MAX_LENGTH = 32;

/**
 * The highest acceptable error: mean square of the latents' difference from the sequential run's, over their variance (`1e-5`), or the picture's PSNR
 * (`60dB`); `auto` for the default, `off` for none.
 */
export function errorBound(): Kind<string> {
  return {
    range: `an error from ${MIN_ERROR} to ${MAX_ERROR}, a PSNR from ${MIN_PSNR}dB to ${MAX_PSNR}dB, auto or off`,
    brief: `${MIN_ERROR} to ${MAX_ERROR}, or ${MIN_PSNR}dB to ${MAX_PSNR}dB, auto or off`,
    wire: 'string',
    repeatable: false,
    accepts: (value): value is string =>
      typeof value === 'string' && value.length <= MAX_LENGTH && limitOf(value) !== undefined,
    read: (text) => text,
    toWire: (value) => value,
    fromWire: (value) => value,
  };
}

/** The bound as latent MSE over variance; infinite where it is off. */
export function errorLimit(text: string): number {
  return limitOf(text) ?? Number.POSITIVE_INFINITY;
}

/** PSNR of the float picture that an error of the latents comes to, dB; infinite without any. */
export function psnrOf(error: number): number {
  return error === 0 ? Number.POSITIVE_INFINITY : PSNR_AT_ONE - 10 * Math.log10(error);
}

function limitOf(text: string): number | undefined {
  if (text === 'off') return Number.POSITIVE_INFINITY;
  if (text === 'auto') return DEFAULT_MAX_ERROR;
  const decibels = DECIBELS.exec(text)?.[1];
  if (decibels === undefined && !NUMBER.test(text)) return undefined;
  if (decibels !== undefined) {
    const psnr = Number(decibels);
    return psnr >= MIN_PSNR && psnr <= MAX_PSNR ? 10 ** ((PSNR_AT_ONE - psnr) / 10) : undefined;
  }
  const limit = Number(text);
  return limit >= MIN_ERROR && limit <= MAX_ERROR ? limit : undefined;
}
