import { expect, it } from 'vitest';
import { encodePng } from '../../../common/image/index.js';
import { checkCall } from '../../../coordinator/pipeline/check-call.js';
import { allPipelines } from '../../../coordinator/pipeline/registry.js';
import { stretchedPicture } from '../../../coordinator/pipeline/stretched-picture.js';

const OPEN = { height: 1024, width: 1024, multipleOf: 16, fixed: false } as const;

function grey(width: number, height: number): Promise<Uint8Array> {
  return encodePng({ width, height, data: new Uint8Array(width * height * 3).fill(128) });
}

// As __call__ of diffusers 0.39 has it: `height or default_sample_size * vae_scale_factor`, or the picture's own.
it.each([
  ['Stable Diffusion', { width: 96, height: 64 }],
  ['Stable Diffusion XL', { width: 96, height: 64 }],
  ['Latent Consistency Model', { width: 96, height: 64 }],
  ['Z-Image', { width: 96, height: 64 }],
  ['Stable Diffusion 3', { width: 1024, height: 1024 }],
  ['FLUX.1', { width: 1024, height: 1024 }],
  ['FLUX.1 Fill', { width: 1024, height: 1024 }],
  ['Qwen-Image', { width: 1024, height: 1024 }],
])('%s draws a picture of 96x64 as diffusers does', async (name, drawn) => {
  const pipeline = (await allPipelines()).find((one) => one.name === name);
  if (pipeline === undefined) throw new Error(`no ${name}`);
  const call = { prompt: '', image: await grey(96, 64) };
  const defaults = { numInferenceSteps: 4, guidanceScale: 1 };
  const own = await checkCall(call, pipeline, OPEN, defaults, undefined);
  expect(own).toMatchObject(drawn);
  const warnings = await stretchedPicture(call, pipeline, own);
  expect(warnings).toEqual(
    drawn.width === 96
      ? []
      : [expect.stringMatching(/--image is 96x64 and is stretched to the 1024x1024 .* --width and --height/)],
  );
  const asked = { ...call, width: 48, height: 32 };
  expect(await checkCall(asked, pipeline, OPEN, defaults, undefined)).toMatchObject({
    width: 48,
    height: 32,
  });
  expect(await stretchedPicture(asked, pipeline, own)).toEqual([]);
});
