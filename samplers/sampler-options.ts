import { z } from 'zod';
import { AsyncDiffError } from '../common/errors/index.js';

const levels = z.array(z.number()).min(1).max(100_000);

const schema = z.strictObject({
  /** The run's own noise levels, in place of a number of steps. Euler wants the trailing zero among them. */
  sigmas: levels.optional(),
  /** The run's own timesteps, in place of a number of steps. */
  timesteps: levels.optional(),
  /** Dynamic shifting: the pipeline computes it from the picture's size. */
  mu: z.number().optional(),
  /** LCM, TCD: the steps that the model was distilled from. */
  original_inference_steps: z.int().min(1).optional(),
  /** LCM, TCD: the share of the schedule that is run (image to image). */
  strength: z.number().gt(0).max(1).optional(),
  /** SCM: the first timestep, and the one between. */
  max_timesteps: z.number().optional(),
  intermediate_timesteps: z.number().nullable().optional(),
  /** Fresh noise of a step: DDIM 0 to 1, TCD 0 to 1. */
  eta: z.number().min(0).max(1).optional(),
  use_clipped_model_output: z.boolean().optional(),
  /** UnCLIP: steps lead to the run's next timestep, as its pipelines say with `prev_timestep`, and not to the next training timestep. */
  to_next_timestep: z.boolean().optional(),
  /** LMS: at most so many derivatives. */
  order: z.int().min(1).max(20).optional(),
  /** Noise added before a step (Karras et al. 2022, algorithm 2), and the sigmas between which it is. */
  s_churn: z.number().min(0).optional(),
  s_tmin: z.number().min(0).optional(),
  s_tmax: z.number().min(0).optional(),
  s_noise: z.number().min(0).optional(),
  /** The call at which the run begins, as image to image sets it. */
  begin_index: z.int().min(0).optional(),
  /** The call before which the run ends: what follows is another run's. */
  end_index: z.int().min(1).optional(),
  /** An earlier run ended at `begin_index`: this one goes on with its history, which `resume` brings, and with the noise that follows its own. */
  continues: z.boolean().optional(),
});

/** Arguments of diffusers' set_timesteps() and step(), under their names there. Each sampler takes some of them. */
export type SamplerOptions = z.output<typeof schema>;
export type SamplerOption = keyof SamplerOptions;

/** Which part of a run is run: no argument of a class's own. */
const ALWAYS_TAKEN: readonly SamplerOption[] = ['begin_index', 'end_index', 'continues'];

/**
 * Checks options from outside. Those that are undefined are left out.
 * @param taken those that the sampler takes; those of {@link ALWAYS_TAKEN} in any case
 * @throws `invalid_settings` for another one, or a value of the wrong kind
 */
export function readSamplerOptions(
  options: Readonly<Record<string, unknown>>,
  sampler: string,
  taken: readonly SamplerOption[],
): SamplerOptions {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const known: readonly string[] = [...taken, ...ALWAYS_TAKEN];
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new AsyncDiffError(
      'invalid_settings',
      `the sampler ${sampler} has no option ${unknown}; it has: ${known.join(', ')}`,
      { hint: `Leave ${unknown} out, or choose a sampler that takes it.` },
    );
  }
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new AsyncDiffError(
    'invalid_settings',
    `option ${issue?.path.join('.') ?? ''} of the sampler ${sampler}: ${issue?.message ?? ''}`,
  );
}

/** The text of a JSON object, or nothing, to unchecked options. Throws `invalid_settings`. */
export function parseSamplerOptions(text: string): Readonly<Record<string, unknown>> {
  if (text === '') return {};
  try {
    const parsed = z.record(z.string(), z.unknown()).safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
  } catch {
    // Said below.
  }
  throw new AsyncDiffError('invalid_settings', 'the options of the sampler must be a JSON object');
}
