import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { AsyncDiffError } from '../../common/errors/index.js';
import { nearest } from '../../planner/index.js';
import { missingPart } from './json-file.js';
import { isOfText, type ModelFolder, type PipelineDescription } from './kit/index.js';

const FAMILIES = join(dirname(fileURLToPath(import.meta.url)), 'families');

let loaded: Promise<readonly PipelineDescription[]> | undefined;

/** Every pipeline there is: the list `pipelines` of each file in families/, by file name. */
export async function allPipelines(): Promise<readonly PipelineDescription[]> {
  loaded ??= loadFamilies();
  return await loaded;
}

async function loadFamilies(): Promise<readonly PipelineDescription[]> {
  const files = readdirSync(FAMILIES)
    .filter((name) => /\.[jt]s$/.test(name) && !name.endsWith('.d.ts'))
    .toSorted();
  const lists: (readonly PipelineDescription[])[] = [];
  for (const name of files) {
    const { pipelines } = (await import(pathToFileURL(join(FAMILIES, name)).href)) as {
      pipelines: readonly PipelineDescription[];
    };
    lists.push(pipelines);
  }
  return lists.flat();
}

/** diffusers' name of a pipeline class: `ORTStableDiffusionPipeline` of Optimum and `OnnxStableDiffusionPipeline` are the same one. */
function diffusersClass(className: string): string {
  return className.replace(/^(ORT|Onnx)(?=[A-Z])/, '');
}

/**
 * The pipeline of a model folder.
 * Raises `model_unsupported` for a class that there is none for, naming the nearest and what `denoise` needs, and `model_not_found` for a part that is
 * missing.
 */
export async function findPipeline(model: ModelFolder): Promise<PipelineDescription> {
  const pipelines = await allPipelines();
  const wanted = diffusersClass(model.className);
  const found = pipelines.find(({ classNames }) => classNames.includes(wanted));
  if (found === undefined) {
    const known = pipelines.flatMap(({ classNames }) => classNames);
    const [near] = nearest(wanted, known, 1);
    throw new AsyncDiffError(
      'model_unsupported',
      `generate knows no pipeline ${model.className} (${model.path})${near === undefined ? '' : `; the nearest that it knows is ${near}`}`,
      {
        hint: 'Its noise predictor runs with `asyncdiff denoise`, which takes the graph, a scheduler_config.json, the latents of the first step and every other input as .npy (docs/reference/models.md).',
      },
    );
  }
  for (const name of [found.predictor, ...found.needs]) {
    // Embeddings may be given in their place; a call that needs them says that they are missing.
    if (isOfText(name) && found.takes.includes('promptEmbeds')) continue;
    const isTokenizer = name.startsWith('tokenizer');
    if (isTokenizer ? model.tokenizers[name] === undefined : model.parts[name] === undefined)
      throw missingPart(model.path, isTokenizer ? `${name}/` : `${name}/model.onnx`);
  }
  if (model.schedulerConfigText === '') throw missingPart(model.path, 'scheduler/scheduler_config.json');
  return found;
}
