import { readNpy, writeNpy } from '../common/npy/index.js';
import type { Tensor } from '../common/tensor/index.js';
import { fileName, namePair } from './run-inputs.js';

/** `sound.npy`; of several latents `sound-video.npy`, `sound-audio.npy`. The paths by the latents' names. */
export async function writeLatents(
  out: string,
  latents: Tensor,
  several: Readonly<Record<string, Tensor>>,
): Promise<Record<string, string>> {
  const each = Object.entries(several);
  if (each.length === 0) {
    await writeNpy(out, latents);
    return { latents: out };
  }
  const paths: Record<string, string> = {};
  for (const [name, tensor] of each) {
    const path = out.replace(/\.npy$/i, `-${fileName(name)}.npy`);
    await writeNpy(path, tensor);
    paths[name] = path;
  }
  return paths;
}

/** Tensors by the names in `NAME=FILE.npy`. */
export async function readInputs(given: readonly string[]): Promise<Record<string, Tensor>> {
  const inputs: Record<string, Tensor> = {};
  for (const text of given) {
    const [name, path] = namePair(text, '--input takes NAME=FILE.npy');
    inputs[name] = await readNpy(path);
  }
  return inputs;
}
