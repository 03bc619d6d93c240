import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../../common/package.js';
import { float32, type Tensor } from '../../../common/tensor/index.js';
import { encodePng, imagePsnrDb, type RgbImage, toRgb8 } from '../../../common/image/index.js';
import { randn } from '../../../common/random/index.js';
import { Pipeline, type PipelineCall } from '../../../coordinator/pipeline/index.js';

const EMOJI = join(packageRoot, 'models/emoji');
const ROW = 16 * 192;
/** As a folder has it whose scheduler was exchanged. */
const FLOW = JSON.stringify({ _class_name: 'FlowMatchEulerDiscreteScheduler', shift: 3 });

function floats(tensor: Tensor | undefined): Float32Array {
  return tensor?.data as Float32Array;
}

/** A disc with a gradient on white: what the bundled model's pictures are like. Planes [3,64,64] in [-1, 1]. */
function syntheticPlanes(): Float32Array {
  const planes = new Float32Array(3 * 64 * 64).fill(1);
  for (let y = 0; y < 64; y += 1) {
    for (let x = 0; x < 64; x += 1) {
      if (Math.hypot(x - 32, y - 30) > 22) continue;
      [0.7 - y / 80, -0.6, -0.5 + x / 128].forEach((value, channel) => {
        planes[(channel * 64 + y) * 64 + x] = value;
      });
    }
  }
  return planes;
}

describe('Pipeline with the bundled model', () => {
  let pipeline: Pipeline;
  beforeAll(async () => {
    pipeline = await Pipeline.open(EMOJI, { threads: 1 });
  });
  afterAll(async () => {
    await pipeline.close();
  });

  const begin = (call: Partial<PipelineCall>) => pipeline.begin({ prompt: 'red apple', ...call });
  const states = async (call: Partial<PipelineCall>): Promise<Tensor | undefined> =>
    (await begin(call)).job.conditioning['encoder_hidden_states'];

  it('knows what the coordinator asks', async () => {
    expect(pipeline.defaults).toEqual({ guidanceScale: 2, numInferenceSteps: 50 });
    expect(pipeline.sizes).toEqual({ height: 64, width: 64, multipleOf: 16, fixed: true });
    expect(pipeline.predictorPath).toBe(join(EMOJI, 'unet/model.onnx'));
    const { job, inputShapes, microBatches } = await begin({ numImagesPerPrompt: 3, seed: 5 });
    expect(inputShapes).toEqual({ sample: [6, 4, 16, 16], encoder_hidden_states: [6, 16, 192] });
    expect(microBatches).toBe(1);
    expect(job.guidance).toEqual({ scale: 2 });
    expect(job.latents).toEqual(randn(5, [3, 4, 16, 16]));
    expect(job.sampler.config).toMatchObject({ clip_sample: false, steps_offset: 1 });
  });

  it.each([
    [{ height: 66 }, '64x66 was asked for, and this model draws 64x64 only'],
    [{ width: -64 }, '-64x64'],
    [{ numImagesPerPrompt: 0 }, 'num_images_per_prompt'],
    [{ strength: 0.5 }, 'there is no --image'],
    [{ trueCfgScale: 2 }, 'takes no --true-cfg-scale'],
    [{ maskImage: new Uint8Array() }, '--image is missing'],
    [{ prompt: 'x'.repeat(70_000) }, 'prompt has 70000 characters'],
    [{ clipSkip: 1 }, 'exported without its hidden states'],
    [{ schedulerConfig: FLOW }, 'init_noise_sigma, and FlowMatchEulerDiscreteScheduler has none'],
  ])('refuses %j', async (call, text) => {
    await expect(begin(call)).rejects.toMatchObject({ message: expect.stringContaining(text) as unknown });
  });

  it('weighs words, and reads long prompts in chunks, where it is asked to', async () => {
    const plain = await states({ prompt: 'red apple', guidanceScale: 1 });
    expect(await states({ prompt: 'red apple', guidanceScale: 1, promptWeighting: true })).toEqual(plain);
    const weighted = await states({ prompt: 'red (apple:1.4)', guidanceScale: 1, promptWeighting: true });
    expect(weighted?.dims).toEqual([1, 16, 192]);
    const mean = (tensor: Tensor | undefined) => floats(tensor).reduce((a, b) => a + b, 0) / ROW;
    expect(mean(weighted)).toBeCloseTo(mean(plain), 6);
    // The second token counts more than the first, whatever both are scaled by.
    const factor = (token: number) =>
      (floats(weighted)[token * 192] as number) / (floats(plain)[token * 192] as number);
    expect(factor(2) / factor(1)).toBeCloseTo(1.4, 5);
    const long = await states({ prompt: 'red apple BREAK tiger face', promptWeighting: true });
    expect(long?.dims).toEqual([2, 32, 192]);
    expect(floats(long).slice(2 * ROW, 3 * ROW)).toEqual(floats(plain));
    await expect(begin({ promptWeighting: true, promptEmbeds: plain })).rejects.toMatchObject({
      code: 'invalid_settings',
    });
  });

  it('takes latents in place of noise, and refuses those of another shape', async () => {
    const latents = randn(1, [1, 4, 16, 16]);
    expect((await begin({ latents, seed: 9 })).job.latents).toEqual(latents);
    await expect(begin({ latents: randn(1, [1, 4, 8, 8]) })).rejects.toMatchObject({ code: 'invalid_input' });
  });

  it('begins from a picture at the level that the strength says, and keeps what a mask leaves out', async () => {
    const picture = { width: 64, height: 64, data: toRgb8(syntheticPlanes(), 64, 64).data };
    const image = await encodePng(picture);
    const { job } = await begin({ image, strength: 0.5, numInferenceSteps: 10, seed: 3 });
    expect(job.sampler.timesteps).toHaveLength(5);
    expect(job.latents).toEqual(
      (await begin({ image, strength: 0.5, numInferenceSteps: 10, seed: 3 })).job.latents,
    );
    const black = { ...picture, data: new Uint8Array(picture.data.length) };
    const kept = await begin({ image, maskImage: await encodePng(black), numInferenceSteps: 4 });
    const { sampler, latents } = kept.job;
    const last = sampler.timesteps.length - 1;
    sampler.resume(last, []);
    const final = sampler.step(floats(latents), last, floats(latents));
    const [drawn] = (await kept.finish(float32(final, [1, 4, 16, 16]))).pictures;
    expect(imagePsnrDb(drawn as RgbImage, picture)).toBeGreaterThan(20);
    await expect(begin({ image, strength: 0.01, numInferenceSteps: 4 })).rejects.toMatchObject({
      message: expect.stringContaining('leaves none to run') as unknown,
    });
  });

  it('puts the unconditional rows before the conditional ones', async () => {
    const apple = await states({ guidanceScale: 1 });
    const nothing = await states({ prompt: '', guidanceScale: 0 });
    const tiger = await states({ prompt: 'tiger face', guidanceScale: 1 });
    expect(apple?.dims).toEqual([1, 16, 192]);
    const guided = await states({ guidanceScale: 2, numImagesPerPrompt: 2 });
    expect(guided?.dims).toEqual([4, 16, 192]);
    expect(floats(guided).slice(0, ROW)).toEqual(floats(nothing));
    expect(floats(guided).slice(ROW, 2 * ROW)).toEqual(floats(nothing));
    expect(floats(guided).slice(2 * ROW, 3 * ROW)).toEqual(floats(apple));
    expect(floats(guided).slice(3 * ROW)).toEqual(floats(apple));
    const negative = await states({ negativePrompt: 'tiger face', guidanceScale: 7.5 });
    expect(floats(negative).slice(0, ROW)).toEqual(floats(tiger));
    expect(floats(apple)).not.toEqual(floats(tiger));
    expect(await states({ prompt: '', promptEmbeds: apple, guidanceScale: 1 })).toEqual(apple);
  });

  it('warns of what was cut from a prompt and from a negative prompt', async () => {
    const prompt = `${'apple '.repeat(14)}castle guitar`;
    const { job, warnings } = await begin({ prompt, negativePrompt: prompt });
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toContain('the negative prompt is longer than the 16 tokens');
    expect(warnings[1]).toContain('"castle guitar"');
    const cut = await begin({ prompt: 'apple '.repeat(14), negativePrompt: 'apple '.repeat(14) });
    expect(cut.warnings).toEqual([]);
    expect(job.conditioning).toEqual(cut.job.conditioning);
  });

  it('decodes latents that the VAE encoder made back into their picture', async () => {
    const planes = syntheticPlanes();
    const encoder = await ort.InferenceSession.create(join(EMOJI, 'vae_encoder/model.onnx'), {
      intraOpNumThreads: 1,
    });
    const run = await encoder.run({ sample: new ort.Tensor('float32', planes, [1, 3, 64, 64]) });
    await encoder.release();
    const mean = floats(run['latent_parameters'] as unknown as Tensor).slice(0, 1024);
    const latents = new Float32Array(2048);
    latents.set(mean.map((value) => value * 1.2201060056686401));
    const tensor = float32(latents, [2, 4, 16, 16]);
    const { finish, preview } = await begin({});
    const images = (await finish(tensor)).pictures;
    expect(images.map(({ width, height }) => [width, height])).toEqual([
      [64, 64],
      [64, 64],
    ]);
    expect(imagePsnrDb(images[0] as RgbImage, toRgb8(planes, 64, 64))).toBeGreaterThan(20);
    expect(images[1]).not.toEqual(images[0]);
    expect(await preview(tensor)).toEqual(images[0]);
    // The caller keeps its latents.
    expect(tensor.data.length).toBe(2048);
  });

  it('refuses latents of another shape and latents with NaN, and lives on', async () => {
    const { finish } = await begin({});
    await expect(finish(float32(new Float32Array(64), [1, 1, 8, 8]))).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining('[1,1,8,8]') as unknown,
    });
    const nan = float32(new Float32Array(1024).fill(Number.NaN), [1, 4, 16, 16]);
    await expect(finish(nan)).rejects.toMatchObject({ code: 'not_finite' });
    expect((await finish(float32(new Float32Array(1024), [1, 4, 16, 16]))).pictures).toHaveLength(1);
  });
});

describe('a pipeline that cannot be opened or is closed', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'asyncdiff-pipeline-'));
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  it('names the file that ONNX Runtime refuses', async () => {
    const folder = join(scratch, 'broken');
    cpSync(EMOJI, folder, { recursive: true });
    writeFileSync(join(folder, 'vae_decoder/model.onnx'), 'not a model');
    await expect(Pipeline.open(folder, { threads: 1 })).rejects.toMatchObject({
      code: 'model_invalid',
      message: expect.stringContaining('vae_decoder/model.onnx') as unknown,
    });
  });

  it('says that a tokenizer of another length does not fit the encoder', async () => {
    const folder = join(scratch, 'length');
    cpSync(EMOJI, folder, { recursive: true });
    const config = { model_max_length: 77, pad_token: '<|endoftext|>' };
    writeFileSync(join(folder, 'tokenizer/tokenizer_config.json'), JSON.stringify(config));
    await expect(Pipeline.open(folder, { threads: 1 })).rejects.toMatchObject({
      code: 'model_invalid',
      message: expect.stringContaining('16 tokens') as unknown,
    });
  });

  it('says once which configs a folder lacks, and draws without them', async () => {
    const folder = join(scratch, 'configs');
    cpSync(EMOJI, folder, { recursive: true });
    for (const part of ['text_encoder', 'vae_decoder']) rmSync(join(folder, part, 'config.json'));
    const pipeline = await Pipeline.open(folder, { threads: 1 });
    try {
      const { warnings } = await pipeline.begin({ prompt: 'red apple' });
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toMatch(/no text_encoder\/config.json, no vae_decoder\/config.json:/);
    } finally {
      await pipeline.close();
    }
  });

  it('refuses calls after close, and can be closed twice', async () => {
    const pipeline = await Pipeline.open(EMOJI, { threads: 1 });
    await pipeline.close();
    await pipeline.close();
    await expect(pipeline.begin({ prompt: 'red apple' })).rejects.toMatchObject({ code: 'cancelled' });
  });
});
