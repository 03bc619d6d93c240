import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { predictorOf, guessShapes } from '../../cli/predictor-folder.js';
import { TorchGenerator } from '../../common/random/index.js';
import { float32, type Tensor } from '../../common/tensor/index.js';
import { describeModel, type PredictorDescription } from '../../planner/model/index.js';
import { createSampler, parseSchedulerConfig, type Sampler } from '../../samplers/index.js';

/** The VAE halves a picture three times: `--side` is that of the latents. */
const VAE_FACTOR = 8;
const SEED = 5n;

/** What is run, as it stands on the command line. */
export interface RealRunRequest {
  /** A pipeline's folder, or its predictor's file. */
  readonly model: string;
  readonly components: number;
  /** Height and width of the latents. */
  readonly side: number;
  readonly steps: number;
  /** A sampler's name; the model's own scheduler_config.json where left out. */
  readonly scheduler: string | undefined;
  readonly guidanceScale: number;
  readonly threads: number;
}

/** The same for the workers and for the plain session: seeded noise as latents and conditioning. */
export interface RealRunInputs {
  readonly modelPath: string;
  readonly predictor: PredictorDescription;
  readonly schedulerConfig: string;
  readonly sampler: Sampler;
  /** `sample`, and the conditioning by graph-input name. */
  readonly inputs: Readonly<Record<string, Tensor>>;
}

export function realRunInputs(request: RealRunRequest): RealRunInputs {
  const { model, side, steps, scheduler, guidanceScale } = request;
  const modelPath = predictorOf(model);
  const predictor = describeModel(modelPath);
  const pixels = side * VAE_FACTOR;
  const batch = guidanceScale > 1 ? 2 : 1;
  const shapes = guessShapes(modelPath, model, { height: pixels, width: pixels }, batch);
  const missing = predictor.conditioning.filter(({ name }) => shapes[name] === undefined);
  if (missing.length > 0) throw new Error(`no shape for ${missing.map(({ name }) => name).join(', ')}`);
  const schedulerConfig = readFileSync(join(model, 'scheduler', 'scheduler_config.json'), 'utf8');
  const sampler = createSampler(parseSchedulerConfig(schedulerConfig), steps, { name: scheduler });
  const generator = new TorchGenerator(SEED);
  const latents = generator.randn([1, ...(shapes['sample'] ?? []).slice(1)]);
  const scaled = Float32Array.from(latents.data as Float32Array, (value) => value * sampler.initNoiseSigma);
  return {
    modelPath,
    predictor,
    schedulerConfig,
    sampler,
    inputs: {
      sample: float32(scaled, latents.dims),
      ...Object.fromEntries(
        predictor.conditioning.map(({ name }) => [name, generator.randn(shapes[name] as readonly number[])]),
      ),
    },
  };
}
