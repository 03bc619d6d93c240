import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { extname, join, resolve } from 'node:path';
import { AsyncDiffError } from '../../common/errors/index.js';
import { exportCommand, missingPart, readJsonFile, readTextFile } from './json-file.js';
import type { ModelFolder, ModelPart } from './kit/index.js';
import { modelIndexSchema, objectSchema } from './model-config.js';

/** Files that hold weights alone, without a graph. */
const WEIGHTS = new Set(['.safetensors', '.ckpt', '.pt', '.pth', '.bin', '.gguf', '.sft']);

/**
 * Looks at a model folder without loading any ONNX file: what parts, configs and tokenizers there are. A Hugging Face cache folder
 * (`models--OWNER--NAME`) stands for its newest snapshot.
 * Raises `model_not_found` (folder, or it holds no ONNX files: with the command that exports it) or `model_invalid` (a config that cannot be read).
 */
export function openModelFolder(path: string): ModelFolder {
  const folder = snapshotOf(existingFolder(resolve(path)));
  const index = existsSync(join(folder, 'model_index.json'))
    ? readJsonFile(join(folder, 'model_index.json'), modelIndexSchema)
    : undefined;
  if (index === undefined) throw missingPart(folder, 'model_index.json');
  const { _class_name: className } = index;
  const parts: Record<string, ModelPart> = {};
  const tokenizers: Record<string, string> = {};
  const otherSchedulers: Record<string, string> = {};
  for (const name of readdirSync(folder).toSorted()) {
    const part = join(folder, name);
    if (statSync(part, { throwIfNoEntry: false })?.isDirectory() !== true) continue;
    if (/^tokenizer(_\d)?$/.test(name)) tokenizers[name] = part;
    const scheduler = join(part, 'scheduler_config.json');
    if (name.endsWith('_scheduler') && existsSync(scheduler)) otherSchedulers[name] = readTextFile(scheduler);
    if (existsSync(join(part, 'model.onnx'))) parts[name] = openPart(folder, name);
  }
  if (Object.keys(parts).length === 0) throw pyTorchFolder(folder);
  return {
    path: folder,
    className,
    index,
    parts,
    tokenizers,
    schedulerConfigText: existsSync(join(folder, 'scheduler/scheduler_config.json'))
      ? readTextFile(join(folder, 'scheduler/scheduler_config.json'))
      : '',
    otherSchedulers,
    generationConfig: optionalConfig(join(folder, 'generation_config.json')),
  };
}

function existingFolder(folder: string): string {
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (stats === undefined) throw new AsyncDiffError('model_not_found', `there is no folder ${folder}`);
  if (stats.isDirectory()) return folder;
  if (WEIGHTS.has(extname(folder).toLowerCase())) {
    throw new AsyncDiffError(
      'model_not_found',
      `${folder} holds weights without a graph, and generate needs a model folder`,
      {
        hint: `Convert it once: python -c "from diffusers import StableDiffusionPipeline as P; P.from_single_file('${folder}').save_pretrained('${folder}.dir')" && ${exportCommand(`${folder}.dir`)} (StableDiffusionXLPipeline for SDXL).`,
      },
    );
  }
  throw new AsyncDiffError('model_not_found', `${folder} is a file, and generate needs a model folder`, {
    hint: 'A single noise predictor runs with `asyncdiff denoise --model FILE`.',
  });
}

/** `models--OWNER--NAME` of the Hugging Face cache: the snapshot that its `main` names, or the only one. */
function snapshotOf(folder: string): string {
  const snapshots = join(folder, 'snapshots');
  if (existsSync(join(folder, 'model_index.json')) || !existsSync(snapshots)) return folder;
  const main = join(folder, 'refs', 'main');
  const named = existsSync(main) ? readFileSync(main, 'utf8').trim() : undefined;
  const all = readdirSync(snapshots).toSorted();
  const chosen = named !== undefined && all.includes(named) ? named : all.at(-1);
  if (chosen === undefined) throw new AsyncDiffError('model_not_found', `${folder} holds no snapshot`);
  return realpathSync(join(snapshots, chosen));
}

function openPart(folder: string, name: string): ModelPart {
  // The two halves of a VAE share a config in folders that came from PyTorch.
  const shared = name.startsWith('vae_') && existsSync(join(folder, 'vae/config.json')) ? 'vae' : name;
  const configName = existsSync(join(folder, name, 'config.json'))
    ? `${name}/config.json`
    : `${shared}/config.json`;
  return {
    path: join(folder, name, 'model.onnx'),
    config: optionalConfig(join(folder, configName)),
    configName,
  };
}

function optionalConfig(path: string): Readonly<Record<string, unknown>> {
  return existsSync(path) ? readJsonFile(path, objectSchema) : {};
}

function pyTorchFolder(folder: string): AsyncDiffError {
  return new AsyncDiffError('model_not_found', `${folder} holds no ONNX files: it is a PyTorch folder`, {
    hint: `Export it once: ${exportCommand(folder)}`,
  });
}
