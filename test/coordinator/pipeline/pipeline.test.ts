import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../../common/package.js';
import { float32, type Tensor } from '../../../common/tensor/index.js';
import { imagePsnrDb, type RgbImage, toRgb8 } from '../../../common/image/index.js';
import { TextToImagePipeline } from '../../../coordinator/pipeline/index.js';

const EMOJI = join(packageRoot, 'models/emoji');
const ROW = 16 * 192;

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

describe('TextToImagePipeline with the bundled model', () => {
  let pipeline: TextToImagePipeline;
  beforeAll(async () => {
    pipeline = await TextToImagePipeline.open(EMOJI, { threads: 1 });
  });
  afterAll(async () => {
    await pipeline.close();
  });

  it('knows what the coordinator asks', () => {
    expect(pipeline.defaults).toEqual({ guidanceScale: 2, numInferenceSteps: 50, height: 64, width: 64 });
    expect(pipeline.unetPath).toBe(join(EMOJI, 'unet/model.onnx'));
    expect(pipeline.schedulerConfigText).toContain('"timestep_spacing": "trailing"');
    expect(pipeline.latentDims({ numImages: 3 })).toEqual([3, 4, 16, 16]);
    expect(pipeline.latentDims({ height: 64, width: 0, numImages: 1 })).toEqual([1, 4, 16, 16]);
  });

  it('refuses sizes and counts that cannot be', () => {
    const refused = (request: Parameters<TextToImagePipeline['latentDims']>[0], text: string): void => {
      expect(() => pipeline.latentDims(request)).toThrowError(
        expect.objectContaining({ code: 'invalid_settings', message: expect.stringContaining(text) }),
      );
    };
    refused({ height: 66, numImages: 1 }, 'height 66 is not a multiple of 4');
    refused({ width: -64, numImages: 1 }, 'width -64');
    refused({ width: 128, numImages: 1 }, 'this model draws 64x64 only');
    refused({ numImages: 0 }, 'num_images_per_prompt');
  });

  it('puts the unconditional rows before the conditional ones', async () => {
    const encode = async (prompt: string, negative: string, guidanceScale: number, numImagesPerPrompt = 1) =>
      (await pipeline.encodePrompt(prompt, negative, { guidanceScale, numImagesPerPrompt })).inputs[
        'encoder_hidden_states'
      ];
    const apple = await encode('red apple', '', 1);
    const nothing = await encode('', '', 0);
    const tiger = await encode('tiger face', '', 1);
    expect(apple?.dims).toEqual([1, 16, 192]);
    const guided = await encode('red apple', '', 2, 2);
    expect(guided?.dims).toEqual([4, 16, 192]);
    expect(floats(guided).slice(0, ROW)).toEqual(floats(nothing));
    expect(floats(guided).slice(ROW, 2 * ROW)).toEqual(floats(nothing));
    expect(floats(guided).slice(2 * ROW, 3 * ROW)).toEqual(floats(apple));
    expect(floats(guided).slice(3 * ROW)).toEqual(floats(apple));
    const negative = await encode('red apple', 'tiger face', 7.5);
    expect(floats(negative).slice(0, ROW)).toEqual(floats(tiger));
    expect(floats(apple)).not.toEqual(floats(tiger));
  });

  it('warns of what was cut from a prompt and from a negative prompt', async () => {
    const long = `${'apple '.repeat(14)}castle guitar`;
    const options = { guidanceScale: 2, numImagesPerPrompt: 1 };
    const { inputs, warnings } = await pipeline.encodePrompt(long, long, options);
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toContain('the negative prompt is longer than the 16 tokens');
    expect(warnings[1]).toContain('"castle guitar"');
    const cut = await pipeline.encodePrompt('apple '.repeat(14), 'apple '.repeat(14), options);
    expect(cut.warnings).toEqual([]);
    expect(floats(inputs['encoder_hidden_states'])).toEqual(floats(cut.inputs['encoder_hidden_states']));
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
    const images = await pipeline.decode(tensor);
    expect(images.map(({ width, height }) => [width, height])).toEqual([
      [64, 64],
      [64, 64],
    ]);
    expect(imagePsnrDb(images[0] as RgbImage, toRgb8(planes, 64, 64))).toBeGreaterThan(20);
    expect(images[1]).not.toEqual(images[0]);
    expect(await pipeline.preview(tensor)).toEqual(images[0]);
    // The caller keeps its latents.
    expect(tensor.data.length).toBe(2048);
  });

  it('refuses latents of another shape and latents with NaN, and lives on', async () => {
    await expect(pipeline.decode(float32(new Float32Array(64), [1, 1, 8, 8]))).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining('[1,1,8,8]') as unknown,
    });
    const nan = float32(new Float32Array(1024).fill(Number.NaN), [1, 4, 16, 16]);
    await expect(pipeline.decode(nan)).rejects.toMatchObject({ code: 'not_finite' });
    expect(await pipeline.decode(float32(new Float32Array(1024), [1, 4, 16, 16]))).toHaveLength(1);
  });
});

describe('a pipeline that cannot be opened or is closed', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'asyncdiff-pipeline-'));
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  it('names the file that ONNX Runtime refuses', async () => {
    const folder = join(scratch, 'broken');
    cpSync(EMOJI, folder, { recursive: true });
    writeFileSync(join(folder, 'vae_decoder/model.onnx'), 'not a model');
    await expect(TextToImagePipeline.open(folder, { threads: 1 })).rejects.toMatchObject({
      code: 'model_invalid',
      message: expect.stringContaining('vae_decoder/model.onnx') as unknown,
    });
  });

  it('says that a tokenizer of another length does not fit the encoder', async () => {
    const folder = join(scratch, 'length');
    cpSync(EMOJI, folder, { recursive: true });
    const config = { model_max_length: 77, pad_token: '<|endoftext|>' };
    writeFileSync(join(folder, 'tokenizer/tokenizer_config.json'), JSON.stringify(config));
    await expect(TextToImagePipeline.open(folder, { threads: 1 })).rejects.toMatchObject({
      code: 'model_invalid',
      message: expect.stringContaining('16 tokens') as unknown,
    });
  });

  it('refuses calls after close, and can be closed twice', async () => {
    const pipeline = await TextToImagePipeline.open(EMOJI, { threads: 1 });
    await pipeline.close();
    await pipeline.close();
    await expect(
      pipeline.encodePrompt('red apple', '', { guidanceScale: 1, numImagesPerPrompt: 1 }),
    ).rejects.toMatchObject({ code: 'cancelled' });
  });
});
