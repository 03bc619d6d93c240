import { ddpmSampler } from './ddpm.js';

/** {@link ddpmSampler} under the name of the class that can step whole batches of timesteps: diffusers' DDPMParallelScheduler. */
export const ddpmParallel = ddpmSampler({ name: 'ddpm_parallel', className: 'DDPMParallelScheduler' });
