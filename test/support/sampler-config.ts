import type { SchedulerConfig } from '../../samplers/index.js';

const stableDiffusion = {
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  num_train_timesteps: 1000,
  steps_offset: 1,
  skip_prk_steps: true,
  clip_sample: false,
  set_alpha_to_one: false,
};

/** The config of a class with the noise schedule of Stable Diffusion, where the class has betas of its own to choose. */
export function samplerConfig(className: string, more: Record<string, unknown> = {}): SchedulerConfig {
  const { beta_schedule, ...rest } = stableDiffusion;
  const betas = className === 'UnCLIPScheduler' ? rest : { ...rest, beta_schedule };
  return { _class_name: className, ...betas, ...more };
}
