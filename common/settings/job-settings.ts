import { choice, real, seed, text, whole } from './kinds.js';
import { MAX_STEPS } from './plan-settings.js';
import { type OptionsOf, resolveRows, type SettingRow, type ValuesOf } from './row.js';

const MAX_SIDE = 8_192;
const MAX_IMAGES = 64;
const MAX_GUIDANCE = 100;
const MAX_SCHEDULER_NAME = 100;

const row = <T>(fields: SettingRow<T>): SettingRow<T> => Object.freeze(fields);

/**
 * What a job is asked for, besides how it is spread (plan settings) and what single pipelines take (pipeline arguments), under diffusers'
 * names. `auto` is the model's own.
 */
export const JOB_SETTINGS = Object.freeze({
  /** T. */
  numInferenceSteps: row({
    kind: whole({ min: 1, max: MAX_STEPS, words: { auto: undefined } }),
    default: 'auto',
    placeholder: 't',
    help: "steps of the sampler; auto: the model's, or as many as --sigmas or --timesteps say",
    consequence:
      'Time goes with them. Below 20 or so, steps in order (warm_up) weigh more than what runs asynchronously.',
  }),
  /** Classifier-free guidance; 1 or less for none. */
  guidanceScale: row({
    kind: real({ min: 0, max: MAX_GUIDANCE, words: { auto: undefined } }),
    default: 'auto',
    placeholder: 'g',
    help: "classifier-free guidance; 1 or less: none; auto: the model's",
    consequence:
      'Above 1 the predictor computes twice the batch; `denoise` then takes conditioning as [unconditional; conditional].',
  }),
  /** As in `torch.Generator("cpu").manual_seed(seed)`. */
  seed: row({
    kind: seed(),
    default: 0,
    placeholder: 'n',
    help: 'seed of the noise, as in torch; random: one that is drawn and reported',
    consequence: "The same seed, settings and plan give the same bits; the noise is torch's.",
  }),
  /** Pictures in one batch. */
  numImagesPerPrompt: row({
    kind: whole({ min: 1, max: MAX_IMAGES }),
    default: 1,
    placeholder: 'n',
    help: 'pictures in one batch',
    consequence: 'Memory and time of a step go with them.',
  }),
  /** Pixels. */
  height: row({
    kind: whole({ min: 1, max: MAX_SIDE, words: { auto: 0 } }),
    default: 'auto',
    placeholder: 'px',
    help: "height of the picture; auto: the model's",
    consequence: 'Another size is another plan.',
  }),
  /** Pixels. */
  width: row({
    kind: whole({ min: 1, max: MAX_SIDE, words: { auto: 0 } }),
    default: 'auto',
    placeholder: 'px',
    help: "width of the picture; auto: the model's",
    consequence: 'Another size is another plan.',
  }),
  /** A sampler's name, or a diffusers class; empty: the model's. */
  scheduler: row({
    kind: text({ maxLength: MAX_SCHEDULER_NAME }),
    default: '',
    placeholder: 'name',
    help: "a sampler's name, or a diffusers class; empty: the model's",
    consequence: 'See samplers.md for what each one is.',
  }),
  /** 0: none. */
  previewEvery: row({
    kind: whole({ min: 0, max: MAX_STEPS }),
    default: 0,
    placeholder: 'n',
    help: 'write OUT.preview.png every n steps; 0: never',
    consequence:
      'Each preview is decoded beside the rounds, on a worker that has no part of them where there is one, and costs as much as the picture at the end.',
  }),
  /** Of AutoencoderKL, as diffusers' `enable_vae_tiling()`. */
  vaeTiling: row({
    kind: choice(['auto', 'on', 'off']),
    default: 'auto',
    placeholder: 'when',
    help: 'whether pictures go through the VAE in tiles: on, off, or auto: where one as a whole would take more than half of the memory',
    consequence:
      "Tiles are diffusers' (`enable_vae_tiling`): squares of the VAE's sample_size that overlap by a quarter and are blended. Memory is that of one tile, and the picture differs a little from the one without.",
  }),
  /** diffusers' `output_type`. */
  outputType: row({
    kind: choice(['png', 'np']),
    default: 'png',
    placeholder: 'type',
    help: 'what pictures come as: png, or np (.npy, float32 [height, width, 3] in [0, 1], not rounded)',
    consequence:
      'np is for measurements: 8 bits cannot show what lies below 59 dB. A picture is then 12 bytes a pixel, and does not say how it was made.',
  }),
});

export type JobSettings = ValuesOf<typeof JOB_SETTINGS>;
export type JobOptions = OptionsOf<typeof JOB_SETTINGS>;

/**
 * The one check and the one place of defaults for what a job is asked for.
 * @throws AsyncDiffError `invalid_settings` with flag, environment name, range and what was given.
 */
export function resolveJobSettings(options: JobOptions): JobSettings {
  return resolveRows(JOB_SETTINGS, options);
}

/** What was asked for; undefined where it is the model's to say. */
export function asked<T>(value: T): Exclude<T, 'auto' | ''> | undefined {
  return value === 'auto' || value === '' ? undefined : (value as Exclude<T, 'auto' | ''>);
}
