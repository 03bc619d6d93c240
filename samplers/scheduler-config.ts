import { z } from 'zod';
import { AsyncDiffError } from '../common/errors/index.js';

/** A scheduler_config.json as diffusers saves it: the class and its arguments, unchecked until a sampler reads them. */
export interface SchedulerConfig {
  readonly _class_name: string;
  readonly [key: string]: unknown;
}

const configSchema = z.looseObject({ _class_name: z.string().min(1) });

/** Python's json writes infinities and NaN bare; strings are matched first so that their insides stay as they are. */
const STRING_OR_PYTHON_NUMBER = /"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g;
const JSON_FOR: Readonly<Record<string, string>> = Object.freeze({
  Infinity: '1e999',
  '-Infinity': '-1e999',
  NaN: '"NaN"',
});

/**
 * Reads the text of a scheduler_config.json. `Infinity`, `-Infinity` and `NaN`, which diffusers writes and JSON has not, are
 * accepted. Throws `file_unreadable` where the text is not JSON, `invalid_settings` where it is not a scheduler's config.
 */
export function parseSchedulerConfig(text: string): SchedulerConfig {
  const json = text
    .replace(/^\uFEFF/, '')
    .replace(STRING_OR_PYTHON_NUMBER, (token) => JSON_FOR[token] ?? token);
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new AsyncDiffError('file_unreadable', `the scheduler config is not JSON: ${detail}`, { cause });
  }
  const parsed = configSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new AsyncDiffError(
    'invalid_settings',
    'the scheduler config must be a JSON object with a "_class_name"',
    { hint: "Give a scheduler_config.json as diffusers' save_pretrained() writes it." },
  );
}

/** The text that {@link parseSchedulerConfig} reads as `config`, infinities included. */
export function formatSchedulerConfig(config: SchedulerConfig): string {
  const infinities = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY] as unknown[];
  // JSON has no infinities: they pass as marked strings, and lose the quotes afterwards.
  const text = JSON.stringify(config, (_key, value: unknown) =>
    infinities.includes(value) ? `\u0000${String(value)}` : value,
  );
  return text.replace(/"\\u0000(-?Infinity)"/g, '$1');
}

/**
 * The config of a latent-diffusion pipeline: `clip_sample` off, as StableDiffusionPipeline sets it in diffusers. Without it a
 * config of another class that is read as DDIM gets DDIMScheduler's default, which clips latents to [-1, 1].
 */
export function forLatents(config: SchedulerConfig): SchedulerConfig {
  return { ...config, clip_sample: false };
}

/**
 * The settings that `schema` names, others left out and missing ones at the schema's defaults: diffusers' `from_config`.
 * A value of the wrong type or range is `invalid_settings`; one that is not among those supported, `scheduler_unsupported`.
 */
export function readSettings<T extends z.ZodType>(
  schema: T,
  config: SchedulerConfig,
  className: string,
): z.output<T> {
  const parsed = schema.safeParse(config);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const key = issue?.path.join('.') ?? '';
  if (issue?.code === 'invalid_value') {
    const given = JSON.stringify(config[String(issue.path[0])]);
    const supported = issue.values.map((value) => JSON.stringify(value)).join(', ');
    throw new AsyncDiffError(
      'scheduler_unsupported',
      `${className} with ${key} = ${given} is not supported; supported: ${supported}`,
      { hint: 'Choose another sampler with --scheduler, or change the config.' },
    );
  }
  throw new AsyncDiffError(
    'invalid_settings',
    `scheduler config of ${className}: ${key}: ${issue?.message ?? ''}`,
  );
}

/** A Python bool that may be null (`Optional[bool]`), which counts as false. */
export function flag(fallback: boolean) {
  return z
    .boolean()
    .nullish()
    .transform((value) => (value === undefined ? fallback : (value ?? false)));
}

/** Python's -inf, as {@link parseSchedulerConfig} reads it. */
export const MINUS_INFINITY = z.literal(Number.NEGATIVE_INFINITY);

/**
 * One of `values`. Configs of other classes name variants that this one does not have; diffusers takes another in their place
 * (`replaced`).
 */
export function choice<const T extends readonly [string, ...string[]]>(
  values: T,
  fallback: T[number],
  replaced: Readonly<Record<string, T[number]>> = {},
) {
  return z.preprocess(
    (value) => (typeof value === 'string' ? (replaced[value] ?? value) : value),
    z.enum(values).default(fallback as never),
  ) as unknown as z.ZodType<T[number]>;
}
