import { ARGUMENT_NAMES, PIPELINE_ARGUMENTS, snakeName } from '../../common/pipeline-arguments/index.js';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readNpy } from '../../common/npy/index.js';
import { packageRoot } from '../../common/package.js';
import type { Tensor } from '../../common/tensor/index.js';
import type { PipelineCall } from '../../coordinator/pipeline/index.js';
import { rowOf } from '../../coordinator/pipeline/kit/index.js';

/** Runs of diffusers' and Optimum's pipelines, recorded with tiny models; not part of the repository. ASYNCDIFF_RECORDINGS names others (scripts/export/). */
export const RECORDINGS =
  process.env['ASYNCDIFF_RECORDINGS'] ?? join(packageRoot, '..', 'shared', 'oracle', 'pipelines');

interface CaseJson {
  readonly pipeline: string;
  readonly scheduler: string;
  readonly call: Readonly<Record<string, unknown>>;
  readonly steps: number;
  readonly seed_of_generator: number;
  readonly noise: readonly { readonly file: string }[];
  readonly sde_noise?: readonly unknown[];
  readonly predictor: {
    readonly constant_inputs: readonly string[];
    readonly inputs_of_every_call: readonly string[];
  };
  readonly agreement: { readonly ort_against_torch: Readonly<Record<string, number>> };
  readonly tokens: readonly {
    readonly tokenizer: string;
    readonly text: string | readonly string[];
    readonly arguments: { readonly padding: string; readonly max_length?: number };
    readonly input_ids: readonly (readonly number[])[];
  }[];
}

/** One recorded call. */
export class RecordedPipeline {
  readonly name: string;
  readonly folder: string;
  readonly json: CaseJson;

  constructor(root: string, name: string) {
    this.name = name;
    this.folder = join(root, name);
    this.json = JSON.parse(readFileSync(join(this.folder, 'case.json'), 'utf8')) as CaseJson;
  }

  get model(): string {
    return join(this.folder, 'model');
  }

  get timesteps(): {
    readonly fed: { readonly timestep: { readonly values: readonly (number | number[])[] } };
  } {
    return JSON.parse(readFileSync(join(this.folder, 'expected/timesteps.json'), 'utf8')) as never;
  }

  /** Largest difference that the README allows for a figure measured against torch. */
  tolerance(figure: 'latents' | 'final' | 'image' | 'raw'): number {
    return 3 * (this.json.agreement.ort_against_torch[figure] as number);
  }

  async npy(path: string): Promise<Tensor> {
    return await readNpy(join(this.folder, path));
  }

  async optionalNpy(path: string): Promise<Tensor | undefined> {
    return existsSync(join(this.folder, path)) ? await this.npy(path) : undefined;
  }

  /** The files of one kind, in order: `expected/eps_` are those of each step. */
  async series(prefix: string): Promise<Tensor[]> {
    const [folder, start] = prefix.split('/') as [string, string];
    const names = readdirSync(join(this.folder, folder)).filter(
      (name) => name.startsWith(start) && /_\d{4}\.npy$/.test(name),
    );
    return await Promise.all(names.toSorted().map((name) => this.npy(`${folder}/${name}`)));
  }

  /** The recorded arguments as a call, with the recorded latents and pictures. */
  async call(): Promise<PipelineCall> {
    const { call, seed_of_generator: seed } = this.json;
    const text = (name: string): string | undefined =>
      typeof call[name] === 'string' ? call[name] : undefined;
    const number = (name: string): number | undefined =>
      typeof call[name] === 'number' ? call[name] : undefined;
    const file = (name: string): Uint8Array | undefined =>
      existsSync(join(this.folder, name)) ? readFileSync(join(this.folder, name)) : undefined;
    const control = file('inputs/control_image.png');
    // A ControlNet's pipeline from text calls its picture `image`.
    const isControl = this.json.pipeline.includes('ControlNet') && control === undefined;
    const given = {
      prompt: text('prompt') ?? '',
      negativePrompt: text('negative_prompt'),
      height: number('height'),
      width: number('width'),
      numInferenceSteps: number('num_inference_steps'),
      guidanceScale: number('guidance_scale'),
      numImagesPerPrompt: number('num_images_per_prompt'),
      seed,
      ...plainArguments(call),
      latents: await this.optionalNpy('inputs/latents.npy'),
      ...(await this.#embeddings()),
      image: isControl ? undefined : file('inputs/image.png'),
      controlImage: isControl ? file('inputs/image.png') : control,
      maskImage: file('inputs/mask.png'),
      lastImage: file('inputs/last_image.png'),
    };
    return Object.fromEntries(
      Object.entries(given).filter(([, value]) => value !== undefined),
    ) as unknown as PipelineCall;
  }

  /** Embeddings that the call was given; where a part that makes them is not in the folder (Stable Audio's projection), those that it made. */
  async #embeddings(): Promise<Pick<PipelineCall, 'promptEmbeds' | 'negativePromptEmbeds'>> {
    if (
      this.json.pipeline === 'StableAudioPipeline' &&
      existsSync(join(this.folder, 'inputs/predictor/encoder_hidden_states.npy'))
    ) {
      const both = await this.npy('inputs/predictor/encoder_hidden_states.npy');
      return { promptEmbeds: rowOf(both, 1), negativePromptEmbeds: rowOf(both, 0) };
    }
    return {
      promptEmbeds: await this.optionalNpy('inputs/prompt_embeds.npy'),
      negativePromptEmbeds: await this.optionalNpy('inputs/negative_prompt_embeds.npy'),
    };
  }
}

/** Those of the arguments of some pipelines that are text and numbers. */
function plainArguments(call: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const plain: readonly string[] = ['number', 'whole', 'flag', 'text', 'numbers'];
  const names = ARGUMENT_NAMES.filter((name) => plain.includes(PIPELINE_ARGUMENTS[name].kind));
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = call[snakeName(name)];
      return value === undefined || value === null ? [] : [[name, value]];
    }),
  );
}
