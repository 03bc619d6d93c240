import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeNpy } from '../common/npy/index.js';
import type { Tensor } from '../common/tensor/index.js';

/** Writes every step of a run as NumPy files: what a step was given and what the predictor answered. */
export class StepRecorder {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** `latents`: before the step; `eps`: the noise prediction after guidance. */
  async record({ step, latents, eps }: { step: number; latents: Tensor; eps: Tensor }): Promise<void> {
    const number = String(step).padStart(4, '0');
    await Promise.all([
      writeNpy(join(this.#dir, `latents_${number}.npy`), latents),
      writeNpy(join(this.#dir, `eps_${number}.npy`), eps),
    ]);
  }

  async finish(timesteps: readonly number[]): Promise<void> {
    await writeFile(join(this.#dir, 'timesteps.json'), `${JSON.stringify(timesteps)}\n`);
  }
}
