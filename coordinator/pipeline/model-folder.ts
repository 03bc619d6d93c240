import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { AsyncDiffError } from '../../common/errors/index.js';
import { missingPart, readJsonPart, readTextPart } from './json-file.js';
import {
  type GenerationConfig,
  generationConfigSchema,
  type ModelIndex,
  modelIndexSchema,
  type PredictorConfig,
  predictorConfigSchema,
  type TextEncoderConfig,
  textEncoderConfigSchema,
  type VaeConfig,
  vaeConfigSchema,
} from './model-config.js';

/** A text-to-image model as `optimum-cli export onnx` lays it out; every part is known to be there. */
export interface ModelFolder {
  /** Absolute. */
  readonly path: string;
  /** `_class_name` of model_index.json. */
  readonly className: string;
  /** The noise predictor: `unet/model.onnx` or `transformer/model.onnx`. */
  readonly predictorPath: string;
  readonly predictorConfig: PredictorConfig;
  readonly textEncoderPath: string;
  readonly textEncoderConfig: TextEncoderConfig;
  readonly vaeDecoderPath: string;
  readonly vaeConfig: VaeConfig;
  readonly tokenizerPath: string;
  /** scheduler_config.json as it stands: diffusers may have written `-Infinity` into it, so samplers parse it. */
  readonly schedulerConfigText: string;
  readonly generationConfig: GenerationConfig;
}

/**
 * Looks at a model folder without loading any ONNX file.
 * Raises `model_not_found` (folder or a part of it), `model_invalid` (a part is not what it should be) or
 * `model_unsupported` (a pipeline that needs more than one text encoder, or more inputs than the latents).
 */
export async function openModelFolder(path: string): Promise<ModelFolder> {
  const folder = resolve(path);
  if (!existsSync(folder)) throw new AsyncDiffError('model_not_found', `there is no folder ${folder}`);
  if (!statSync(folder).isDirectory()) {
    throw new AsyncDiffError('model_not_found', `${folder} is a file, and generate needs a model folder`, {
      hint: 'A single noise predictor runs with `asyncdiff denoise --model FILE`.',
    });
  }
  const index = await readJsonPart(folder, 'model_index.json', modelIndexSchema);
  const { _class_name: className } = index;
  refuseUnsupported(folder, className, index);
  const predictor = existsSync(join(folder, 'transformer')) ? 'transformer' : 'unet';
  const model = (name: string): string => {
    const part = `${name}/model.onnx`;
    if (!existsSync(join(folder, part))) throw missingPart(folder, part);
    return join(folder, part);
  };
  const predictorPath = model(predictor);
  const textEncoderPath = model('text_encoder');
  const vaeDecoderPath = model('vae_decoder');
  const tokenizerPath = join(folder, 'tokenizer');
  if (!existsSync(tokenizerPath)) throw missingPart(folder, 'tokenizer/');
  const predictorConfig = await readJsonPart(folder, `${predictor}/config.json`, predictorConfigSchema);
  const vaeConfig = await readJsonPart(folder, 'vae_decoder/config.json', vaeConfigSchema);
  if (predictorConfig.in_channels !== vaeConfig.latent_channels) {
    throw new AsyncDiffError(
      'model_unsupported',
      `${predictor} takes ${predictorConfig.in_channels} channels and the latents have ${vaeConfig.latent_channels}: an inpainting or editing model`,
      { hint: '`asyncdiff generate` runs plain text-to-image models.' },
    );
  }
  return {
    path: folder,
    className,
    predictorPath,
    predictorConfig,
    textEncoderPath,
    textEncoderConfig: await readOptional(folder, 'text_encoder/config.json', textEncoderConfigSchema),
    vaeDecoderPath,
    vaeConfig,
    tokenizerPath,
    schedulerConfigText: await readTextPart(folder, 'scheduler/scheduler_config.json'),
    generationConfig: await readOptional(folder, 'generation_config.json', generationConfigSchema),
  };
}

async function readOptional<T>(
  folder: string,
  part: string,
  schema: Parameters<typeof readJsonPart<T>>[2],
): Promise<T> {
  return existsSync(join(folder, part)) ? await readJsonPart(folder, part, schema) : schema.parse({});
}

function refuseUnsupported(folder: string, name: string, index: ModelIndex): void {
  const several = ['text_encoder_2', 'text_encoder_3'].some((part) => {
    const entry = index[part];
    const named = Array.isArray(entry) && entry[1] !== null && entry[1] !== undefined;
    return named || existsSync(join(folder, part));
  });
  const reason = several
    ? 'it has several text encoders'
    : /LatentConsistency/.test(name)
      ? 'its noise predictor takes an embedding of the guidance scale'
      : /Pix2Pix|Upscale|Inpaint|ControlNet|Video/.test(name)
        ? 'it takes more than a prompt'
        : undefined;
  if (reason === undefined) return;
  throw new AsyncDiffError(
    'model_unsupported',
    `${name} (${folder}) is not yet supported by generate: ${reason}`,
    {
      hint: 'Give its noise predictor and your own inputs to `asyncdiff denoise`, which runs any noise predictor.',
    },
  );
}
