import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packageRoot } from '../../../common/package.js';
import {
  allPipelines,
  findPipeline,
  openModelFolder,
  Pipeline,
} from '../../../coordinator/pipeline/index.js';

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

  const open = async () => findPipeline(openModelFolder(folder));

  it('opens the bundled model with its own defaults', async () => {
    const model = openModelFolder(EMOJI);
    expect(Object.keys(model.parts)).toEqual(['text_encoder', 'unet', 'vae_decoder', 'vae_encoder']);
    expect(model.parts['unet']?.path).toBe(join(EMOJI, 'unet/model.onnx'));
    expect(JSON.parse(model.schedulerConfigText)).toMatchObject({ prediction_type: 'v_prediction' });
    const pipeline = await findPipeline(model);
    expect(pipeline.defaults(model)).toEqual({ guidanceScale: 2, numInferenceSteps: 50 });
    rmSync(join(folder, 'generation_config.json'));
    expect(pipeline.defaults(openModelFolder(folder))).toEqual({ guidanceScale: 7.5, numInferenceSteps: 50 });
  });

  it.each([
    'model_index.json',
    'unet/model.onnx',
    'vae_decoder/model.onnx',
    'scheduler/scheduler_config.json',
  ])('names %s when it is missing, and the command that makes it', async (part) => {
    rmSync(join(folder, part), { recursive: true });
    await expect(open()).rejects.toMatchObject({
      code: 'model_not_found',
      message: expect.stringContaining(part) as unknown,
      hint: expect.stringContaining('optimum-cli export onnx') as unknown,
    });
  });

  it.each(['text_encoder', 'tokenizer'])(
    'opens without %s/, since embeddings may be given, and names it when a prompt needs it',
    async (part) => {
      for (const name of ['text_encoder', 'unet', 'vae_decoder'])
        cpSync(join(EMOJI, name), join(folder, name), { recursive: true });
      rmSync(join(folder, part), { recursive: true });
      const pipeline = await Pipeline.open(folder, { threads: 1 });
      try {
        await expect(pipeline.begin({ prompt: 'red apple' })).rejects.toMatchObject({
          code: 'model_not_found',
          message: expect.stringContaining(`${part}/`) as unknown,
          hint: expect.stringContaining('optimum-cli export onnx') as unknown,
        });
      } finally {
        await pipeline.close();
      }
    },
  );

  it('does without configs, as folders of the old converter of diffusers are', async () => {
    rmSync(join(folder, 'unet/config.json'));
    rmSync(join(folder, 'vae_decoder/config.json'));
    expect((await open()).name).toBe('Stable Diffusion');
  });

  it('takes the newest snapshot of a Hugging Face cache folder', () => {
    const cached = join(scratch, 'models--someone--something');
    mkdirSync(join(cached, 'refs'), { recursive: true });
    writeFileSync(join(cached, 'refs/main'), 'abc');
    cpSync(folder, join(cached, 'snapshots/abc'), { recursive: true });
    expect(openModelFolder(cached).path).toBe(realpathSync(join(cached, 'snapshots/abc')));
  });

  it('tells a missing folder, a file, weights and a PyTorch folder from a model folder, each with what to do', () => {
    const refused = (path: string, hint: string): void => {
      const expected = { code: 'model_not_found', hint: expect.stringContaining(hint) as unknown };
      expect(() => openModelFolder(path)).toThrow(expect.objectContaining(expected));
    };
    refused(join(scratch, 'nothing'), 'optimum-cli');
    refused(join(folder, 'unet/model.onnx'), 'denoise');
    writeFileSync(join(scratch, 'weights.safetensors'), 'x');
    refused(join(scratch, 'weights.safetensors'), 'from_single_file');
    const torch = join(scratch, 'torch');
    cpSync(folder, torch, { recursive: true, filter: (path) => !path.endsWith('.onnx') });
    refused(torch, `optimum-cli export onnx --model ${torch} ${torch}-onnx`);
  });

  it.each([
    ['model_index.json', '{'],
    ['model_index.json', '{}'],
    ['unet/config.json', '[]'],
    ['generation_config.json', '{"guidance_scale": "much"}'],
  ])('calls %s of %s model_invalid', async (part, text) => {
    writeFileSync(join(folder, part), text);
    const opened = async () => {
      const model = openModelFolder(folder);
      return (await findPipeline(model)).defaults(model);
    };
    await expect(opened()).rejects.toMatchObject({
      code: 'model_invalid',
      message: expect.stringContaining(part) as unknown,
    });
  });

  it.each(['ORTStableDiffusionPipeline', 'OnnxStableDiffusionPipeline'])('knows %s', async (name) => {
    writeFileSync(join(folder, 'model_index.json'), JSON.stringify({ _class_name: name }));
    expect((await open()).name).toBe('Stable Diffusion');
  });

  it('refuses a class that it does not know, with the nearest and what denoise needs', async () => {
    writeFileSync(
      join(folder, 'model_index.json'),
      JSON.stringify({ _class_name: 'StableDifusionXLPipelin' }),
    );
    await expect(open()).rejects.toMatchObject({
      code: 'model_unsupported',
      message: expect.stringContaining('StableDiffusionXLPipeline') as unknown,
      hint: expect.stringContaining('denoise') as unknown,
    });
  });
});

it('no two pipelines have a class in common', async () => {
  const names = (await allPipelines()).flatMap(({ classNames }) => classNames);
  expect(new Set(names).size).toBe(names.length);
});
