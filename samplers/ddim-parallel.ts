import { ddimSampler } from './ddim.js';

/** {@link ddimSampler} under the name of the class that can step whole batches of timesteps: diffusers' DDIMParallelScheduler. */
export const ddimParallel = ddimSampler({ name: 'ddim_parallel', className: 'DDIMParallelScheduler' });
