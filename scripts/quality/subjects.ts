import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readNpy } from '../../common/npy/index.js';
import { packageRoot } from '../../common/package.js';
import { randn } from '../../common/random/index.js';
import type { Tensor } from '../../common/tensor/index.js';
import { Pipeline } from '../../coordinator/pipeline/index.js';
import { createSampler, parseSchedulerConfig, type Sampler, SeededNoise } from '../../samplers/index.js';

/** One picture: what its run begins with. */
export interface Picture {
  readonly latents: Tensor;
  readonly conditioning: Readonly<Record<string, Tensor>>;
  readonly createSampler: () => Sampler;
  /** Samples in [0, 1] before they are rounded to 8 bits; undefined where there is no decoder. */
  readonly decode?: ((latents: Tensor) => Promise<Float32Array>) | undefined;
}

/** A model, and pictures to draw with it. */
export interface Subject {
  readonly modelPath: string;
  readonly pictures: readonly Picture[];
  readonly close: () => Promise<void>;
}

interface SubjectOptions {
  /** `emoji` (the bundled model), `sd` (the recorded U-Net), `dit` (the flow-matching transformer), or a folder laid out as that one's. */
  readonly name: string;
  readonly seeds: number;
  /** The first of them. Default 0. */
  readonly firstSeed?: number | undefined;
  readonly steps: number;
  readonly guidanceScale: number;
  /** A sampler's name or a diffusers class in place of the model's own. */
  readonly scheduler?: string | undefined;
}

const SHARED = join(packageRoot, '..', 'shared');
const PROMPTS = [
  'red apple',
  'tiger face',
  'blue rose',
  'flat rocket',
  'hot beverage',
  'house',
  'crab',
  'sun',
];

/**
 * What is drawn, by name. `sd` and `dit` need the recorded models in `../shared`, beside this repository. A folder holds `model.onnx`, which takes
 * `class_labels` (as many as there are classes is "none"), `names.json` (of the classes), `scheduler_config.json` and
 * `example/sample.npy`, of the latents' shape.
 */
export function openSubject(options: SubjectOptions): Promise<Subject> {
  const subjects: Readonly<Record<string, (options: SubjectOptions) => Promise<Subject>>> = {
    emoji,
    sd: recordedUnet,
    dit: (asked) => labelled(join(SHARED, 'dit'), asked),
  };
  const open = subjects[options.name];
  if (open !== undefined) return open(options);
  if (existsSync(join(options.name, 'model.onnx'))) return labelled(options.name, options);
  throw new Error(`--subject is ${Object.keys(subjects).join(', ')} or a folder with model.onnx`);
}

async function emoji({ steps, guidanceScale, scheduler, ...asked }: SubjectOptions): Promise<Subject> {
  const pipeline = await Pipeline.open(join(packageRoot, 'models', 'emoji'), { threads: 1 });
  const pictures: Picture[] = [];
  for (const seed of seedsOf(asked)) {
    const prompt = PROMPTS[seed % PROMPTS.length] as string;
    const call = { prompt, seed, numInferenceSteps: steps, guidanceScale };
    const { job, finish } = await pipeline.begin(scheduler === undefined ? call : { ...call, scheduler });
    const { config, name, numInferenceSteps, options, noise } = job.sampler;
    pictures.push({
      latents: job.latents,
      conditioning: job.conditioning,
      createSampler: () => createSampler(config, numInferenceSteps, { name, options, noise }),
      decode: async (latents) => {
        const { pictures: decoded } = await finish(latents);
        return decoded[0]?.floats ?? new Float32Array();
      },
    });
  }
  return { modelPath: pipeline.predictorPath, pictures, close: () => pipeline.close() };
}

async function recordedUnet({ steps, scheduler, ...asked }: SubjectOptions): Promise<Subject> {
  const folder = join(SHARED, 'oracle', 'sd-n2-s1-w3');
  const config = parseSchedulerConfig(readFileSync(join(folder, 'scheduler_config.json'), 'utf8'));
  const conditioning = {
    encoder_hidden_states: await readNpy(join(folder, 'inputs', 'encoder_hidden_states.npy')),
  };
  const { dims } = await readNpy(join(folder, 'inputs', 'sample.npy'));
  const pictures = seedsOf(asked).map((seed) => ({
    latents: randn(seed, dims),
    conditioning,
    createSampler: samplers(config, steps, scheduler, seed),
  }));
  return { modelPath: join(SHARED, 'oracle', 'models', 'sd.onnx'), pictures, close: async () => {} };
}

async function labelled(
  folder: string,
  { steps, guidanceScale, scheduler, ...asked }: SubjectOptions,
): Promise<Subject> {
  const classes = z
    .array(z.string())
    .parse(JSON.parse(readFileSync(join(folder, 'names.json'), 'utf8'))).length;
  const { dims } = await readNpy(join(folder, 'example', 'sample.npy'));
  const config = parseSchedulerConfig(readFileSync(join(folder, 'scheduler_config.json'), 'utf8'));
  const pictures = seedsOf(asked).map((seed) => {
    const label = BigInt((7 * seed + 3) % classes);
    const labels = guidanceScale > 1 ? [BigInt(classes), label] : [label];
    return {
      latents: randn(seed, dims),
      conditioning: {
        class_labels: {
          dtype: 'int64',
          dims: [labels.length],
          data: BigInt64Array.from(labels),
        } satisfies Tensor,
      },
      createSampler: samplers(config, steps, scheduler, seed),
    };
  });
  return { modelPath: join(folder, 'model.onnx'), pictures, close: async () => {} };
}

function samplers(
  config: ReturnType<typeof parseSchedulerConfig>,
  steps: number,
  scheduler: string | undefined,
  seed: number,
): () => Sampler {
  return () =>
    createSampler(config, steps, {
      ...(scheduler === undefined ? {} : { name: scheduler }),
      noise: new SeededNoise({ seed: BigInt(seed), drawnBefore: [] }),
    });
}

function seedsOf({ seeds, firstSeed = 0 }: Pick<SubjectOptions, 'seeds' | 'firstSeed'>): number[] {
  return Array.from({ length: seeds }, (_, at) => firstSeed + at);
}
