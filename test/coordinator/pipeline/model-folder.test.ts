import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packageRoot } from '../../../common/package.js';
import { openModelFolder } from '../../../coordinator/pipeline/index.js';

const EMOJI = join(packageRoot, 'models/emoji');

describe('openModelFolder', () => {
  let scratch: string;
  let folder: string;
  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), 'asyncdiff-folder-'));
    folder = join(scratch, 'model');
    // The weights are not looked at here; small files keep the copies cheap.
    cpSync(EMOJI, folder, { recursive: true, filter: (path) => !path.endsWith('.onnx') });
    for (const part of ['unet', 'text_encoder', 'vae_decoder'])
      writeFileSync(join(folder, part, 'model.onnx'), 'x');
  });
  afterEach(() => rmSync(scratch, { recursive: true, force: true }));

  it('opens the bundled model with its own defaults', async () => {
    const model = await openModelFolder(EMOJI);
    expect(model.predictorPath).toBe(join(EMOJI, 'unet/model.onnx'));
    expect(model.generationConfig).toMatchObject({ guidance_scale: 2, num_inference_steps: 50 });
    expect(model.vaeConfig.scaling_factor).toBeCloseTo(1.2201, 4);
    expect(JSON.parse(model.schedulerConfigText)).toMatchObject({ prediction_type: 'v_prediction' });
  });

  it('falls back to the defaults of diffusers without generation_config.json', async () => {
    rmSync(join(folder, 'generation_config.json'));
    const model = await openModelFolder(folder);
    expect(model.generationConfig).toEqual({ guidance_scale: 7.5, num_inference_steps: 50 });
  });

  it.each([
    'model_index.json',
    'unet/model.onnx',
    'unet/config.json',
    'text_encoder/model.onnx',
    'vae_decoder/model.onnx',
    'vae_decoder/config.json',
    'scheduler/scheduler_config.json',
    'tokenizer/',
  ])('names %s when it is missing, and the command that makes it', async (part) => {
    rmSync(join(folder, part), { recursive: true });
    await expect(openModelFolder(folder)).rejects.toMatchObject({
      code: 'model_not_found',
      message: expect.stringContaining(part) as unknown,
      hint: expect.stringContaining('optimum-cli export onnx') as unknown,
    });
  });

  it('tells a missing folder and a single file from a model folder', async () => {
    await expect(openModelFolder(join(scratch, 'nothing'))).rejects.toMatchObject({
      code: 'model_not_found',
    });
    await expect(openModelFolder(join(folder, 'unet/model.onnx'))).rejects.toMatchObject({
      code: 'model_not_found',
      hint: expect.stringContaining('denoise') as unknown,
    });
  });

  it.each([
    ['model_index.json', '{'],
    ['model_index.json', '{}'],
    ['unet/config.json', '{"sample_size": 16}'],
    ['vae_decoder/config.json', '{"scaling_factor": 0}'],
    ['generation_config.json', '{"guidance_scale": "much"}'],
  ])('calls %s of %s model_invalid', async (part, text) => {
    writeFileSync(join(folder, part), text);
    await expect(openModelFolder(folder)).rejects.toMatchObject({
      code: 'model_invalid',
      message: expect.stringContaining(part) as unknown,
    });
  });

  it.each([
    ['StableDiffusionXLPipeline', { text_encoder_2: ['optimum', 'ORTModel'] }],
    ['StableDiffusion3Pipeline', { text_encoder_2: ['a', 'b'], text_encoder_3: ['a', 'b'] }],
    ['LatentConsistencyModelPipeline', {}],
    ['StableDiffusionInpaintPipeline', {}],
  ])('refuses %s plainly and points to denoise', async (name, parts) => {
    writeFileSync(join(folder, 'model_index.json'), JSON.stringify({ _class_name: name, ...parts }));
    await expect(openModelFolder(folder)).rejects.toMatchObject({
      code: 'model_unsupported',
      message: expect.stringContaining(name) as unknown,
      hint: expect.stringContaining('denoise') as unknown,
    });
  });

  it('takes absent second encoders for what they are', async () => {
    const index = { _class_name: 'StableDiffusionPipeline', text_encoder_2: [null, null] };
    writeFileSync(join(folder, 'model_index.json'), JSON.stringify(index));
    expect((await openModelFolder(folder)).className).toBe('StableDiffusionPipeline');
  });

  it('refuses a predictor with more channels than the latents have', async () => {
    writeFileSync(join(folder, 'unet/config.json'), '{"in_channels": 9, "sample_size": 16}');
    await expect(openModelFolder(folder)).rejects.toMatchObject({ code: 'model_unsupported' });
  });
});
