/**
 * How far latents come from those of the sequential run, with and without look-ahead, by the reference executor:
 *
 *   npm run build && node dist/scripts/look-ahead-errors.js --subject emoji --steps 50 --guidance 2 --seeds 4 \
 *     n2,w3 n2,w3,plain n2,w2,e1 ...
 *
 * A configuration is a list: nN components, sS stride, wW and eE steps in order at the start and the end, lL lag, u (U-shaped), plain
 * (AsyncDiff), tX tolerance of the drift, gX slope (0 to 1), gate, r (replicas). Errors are mean squares over the variance of the sequential latents.
 */
import { batchRepeatOf, guidanceOf, inputShapesOf } from '../common/guidance/index.js';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { planWorkers } from '../cli/reference-run.js';
import { readNpy } from '../common/npy/index.js';
import { packageRoot } from '../common/package.js';
import { randn } from '../common/random/index.js';
import { type PlanSettings, resolvePlanSettings } from '../common/settings/index.js';
import type { Tensor } from '../common/tensor/index.js';
import { Pipeline } from '../coordinator/pipeline/index.js';
import {
  denoiseCallerSamples,
  denoiseSteadily,
  type LoadedSegment,
  loadSegments,
  type LookAheadOptions,
  openOrtSession,
  parseDevice,
  ReferenceExecutor,
  releaseSegments,
} from '../execution/index.js';
import { defaultWorkDir, type Plan, planInProcess, segmentModel } from '../planner/index.js';
import type { ScheduleSettings } from '../program/index.js';
import { createSampler, parseSchedulerConfig, type Sampler } from '../samplers/index.js';

/** One picture: what its run begins with. */
interface Picture {
  readonly latents: Tensor;
  readonly conditioning: Readonly<Record<string, Tensor>>;
  readonly createSampler: () => Sampler;
}

interface Subject {
  readonly modelPath: string;
  readonly pictures: readonly Picture[];
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

async function emoji(
  seeds: number,
  steps: number,
  guidanceScale: number,
  scheduler?: string,
): Promise<Subject> {
  const pipeline = await Pipeline.open(join(packageRoot, 'models', 'emoji'), { threads: 1 });
  const pictures: Picture[] = [];
  for (let seed = 0; seed < seeds; seed++) {
    const prompt = PROMPTS[seed % PROMPTS.length] as string;
    const call = { prompt, seed, numInferenceSteps: steps, guidanceScale };
    const { job } = await pipeline.begin(scheduler === undefined ? call : { ...call, scheduler });
    const { config, name, numInferenceSteps, options, noise } = job.sampler;
    pictures.push({
      latents: job.latents,
      conditioning: job.conditioning,
      createSampler: () => createSampler(config, numInferenceSteps, { name, options, noise }),
    });
  }
  await pipeline.close();
  return { modelPath: pipeline.predictorPath, pictures };
}

async function recorded(seeds: number, steps: number, scheduler?: string): Promise<Subject> {
  const folder = join(SHARED, 'oracle', 'sd-n2-s1-w3');
  const config = parseSchedulerConfig(readFileSync(join(folder, 'scheduler_config.json'), 'utf8'));
  const conditioning = {
    encoder_hidden_states: await readNpy(join(folder, 'inputs', 'encoder_hidden_states.npy')),
  };
  const { dims } = await readNpy(join(folder, 'inputs', 'sample.npy'));
  const pictures = seedsOf(seeds).map(({ seed }) => ({
    latents: randn(seed, dims),
    conditioning,
    createSampler: () => createSampler(config, steps, scheduler === undefined ? {} : { name: scheduler }),
  }));
  return { modelPath: join(SHARED, 'oracle', 'models', 'sd.onnx'), pictures };
}

async function dit(seeds: number, steps: number, guided: boolean, scheduler?: string): Promise<Subject> {
  const folder = join(SHARED, 'dit');
  const config = parseSchedulerConfig(readFileSync(join(folder, 'scheduler_config.json'), 'utf8'));
  const pictures = seedsOf(seeds).map(({ seed }) => {
    const label = BigInt((7 * seed + 3) % 64);
    const labels = guided ? [64n, label] : [label];
    return {
      latents: randn(seed, [1, 4, 16, 16]),
      conditioning: {
        class_labels: {
          dtype: 'int64',
          dims: [labels.length],
          data: BigInt64Array.from(labels),
        } satisfies Tensor,
      },
      createSampler: () => createSampler(config, steps, scheduler === undefined ? {} : { name: scheduler }),
    };
  });
  return { modelPath: join(folder, 'model.onnx'), pictures };
}

function seedsOf(count: number): { readonly seed: number }[] {
  return Array.from({ length: count }, (_, seed) => ({ seed }));
}

interface Configuration {
  readonly name: string;
  readonly settings: PlanSettings;
  readonly schedule: Omit<ScheduleSettings, 'numInferenceSteps'>;
  readonly lookAhead: LookAheadOptions | undefined;
}

function parseConfiguration(name: string): Configuration {
  const words = name.split(',');
  const number = (letter: string, usual: number): number => {
    const word = words.find((one) => new RegExp(`^${letter}[\\d.]+$`).test(one));
    return word === undefined ? usual : Number(word.slice(letter.length));
  };
  const plain = words.includes('plain');
  const replicas = words.includes('r');
  const stride = number('s', 1);
  const settings = resolvePlanSettings({
    components: number('n', 2),
    stride,
    lag: number('l', 1) as 1 | 2,
    shape: words.includes('u') ? 'u-shaped' : 'sequential',
    microCuts: 1,
  });
  const schedule = {
    stride,
    warmUp: number('w', 3),
    end: number('e', 0),
    timeShift: false,
    lookAhead: plain ? undefined : { replicas },
  };
  const tolerance = number('t', 0);
  const lookAhead = {
    slope: number('g', 1),
    gateAbove: words.includes('gate') ? 0.03 : undefined,
    tolerance: tolerance === 0 ? undefined : tolerance,
    holds: 1000,
  };
  return { name, settings, schedule, lookAhead: plain ? undefined : lookAhead };
}

/** Plans and sessions, kept from one picture to the next. */
class Bench {
  readonly #subject: Subject;
  readonly #guidanceScale: number;
  readonly #opened = new Map<string, Promise<{ plan: Plan; segments: LoadedSegment[] }>>();

  constructor(subject: Subject, guidanceScale: number) {
    this.#subject = subject;
    this.#guidanceScale = guidanceScale;
  }

  async run(
    picture: Picture,
    { settings, schedule, lookAhead }: Omit<Configuration, 'name'>,
  ): Promise<{ latents: Float32Array; inOrder: number; steps: number; drift: number; drifts: number[] }> {
    const { plan, segments } = await this.#open(settings, picture);
    const sampler = picture.createSampler();
    const whole = { ...schedule, numInferenceSteps: sampler.numCalls };
    const result = await denoiseSteadily(
      {
        jobId: 'errors',
        job: {
          sampler,
          latents: picture.latents,
          conditioning: picture.conditioning,
          timesteps: sampler.timesteps,
          guidance: guidanceOf(this.#guidanceScale),
        },
        settings: whole,
        lookAhead,
        trace: false,
      },
      (attempt) => {
        const executor = new ReferenceExecutor(plan.partition, attempt.settings, segments);
        return denoiseCallerSamples({ ...attempt, executor });
      },
    );
    const inOrder = schedule.warmUp + (schedule.end ?? 0) + result.heldAt.length;
    const drifts = result.drifts.map((drift) => drift ?? 0);
    return {
      latents: result.latents.data as Float32Array,
      inOrder,
      steps: sampler.numCalls,
      drift: drifts.reduce((sum, one) => sum + one * one, 0),
      drifts,
    };
  }

  async close(): Promise<void> {
    for (const opened of this.#opened.values()) await releaseSegments((await opened).segments);
  }

  #open(settings: PlanSettings, picture: Picture): Promise<{ plan: Plan; segments: LoadedSegment[] }> {
    const key = JSON.stringify(settings);
    const opened = this.#opened.get(key) ?? this.#make(settings, picture);
    this.#opened.set(key, opened);
    return opened;
  }

  async #make(
    settings: PlanSettings,
    { latents, conditioning }: Picture,
  ): Promise<{ plan: Plan; segments: LoadedSegment[] }> {
    const device = parseDevice('cpu');
    if (device.kind === 'declared') throw new Error('cpu is a real device');
    const guidance = guidanceOf(this.#guidanceScale);
    const plan = await planInProcess({
      source: {
        kind: 'model',
        modelPath: this.#subject.modelPath,
        inputShapes: inputShapesOf(latents.dims, conditioning, guidance),
      },
      settings,
      workers: planWorkers(settings),
      links: [],
      batchRepeat: batchRepeatOf(guidance),
      workDir: defaultWorkDir(),
      threads: 1,
    });
    const segments = await loadSegments(plan.specs, (spec) =>
      openOrtSession(segmentModel(plan, spec.sha256), {
        device,
        threads: 1,
        optimizationLevel: settings.optimizationLevel,
      }),
    );
    return { plan, segments };
  }
}

function relativeError(latents: Float32Array, expected: Float32Array): number {
  const mean = expected.reduce((sum, value) => sum + value, 0) / expected.length;
  const variance = expected.reduce((sum, value) => sum + (value - mean) ** 2, 0) / expected.length;
  const error =
    latents.reduce((sum, value, i) => sum + (value - (expected[i] as number)) ** 2, 0) / latents.length;
  return error / variance;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      subject: { type: 'string', default: 'emoji' },
      steps: { type: 'string', default: '50' },
      guidance: { type: 'string', default: '2' },
      seeds: { type: 'string', default: '4' },
      scheduler: { type: 'string' },
      drifts: { type: 'boolean', default: false },
    },
  });
  const [steps, guidance, seeds] = [values.steps, values.guidance, values.seeds].map(Number) as [
    number,
    number,
    number,
  ];
  const subject =
    values.subject === 'sd'
      ? await recorded(seeds, steps, values.scheduler)
      : values.subject === 'dit'
        ? await dit(seeds, steps, guidance > 1, values.scheduler)
        : await emoji(seeds, steps, guidance, values.scheduler);
  const bench = new Bench(subject, guidance);
  const sequential = parseConfiguration('n1,w9999,plain');
  const expected: Float32Array[] = [];
  for (const picture of subject.pictures) {
    const { numCalls } = picture.createSampler();
    const inOrder = { ...sequential, schedule: { ...sequential.schedule, warmUp: numCalls } };
    expected.push((await bench.run(picture, inOrder)).latents);
  }
  for (const configuration of positionals.map(parseConfiguration)) {
    const errors: number[] = [];
    const bounds: number[] = [];
    let inOrder = 0;
    let drifts: number[] = [];
    for (const [at, picture] of subject.pictures.entries()) {
      const run = await bench.run(picture, configuration);
      errors.push(relativeError(run.latents, expected[at] as Float32Array));
      bounds.push(errors.at(-1)! / run.drift);
      inOrder += run.inOrder / subject.pictures.length;
      drifts = run.drifts;
    }
    const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
    const geometric = Math.exp(errors.reduce((sum, error) => sum + Math.log(error), 0) / errors.length);
    console.log(
      `${configuration.name.padEnd(24)} geometric ${geometric.toExponential(2)} mean ${mean.toExponential(2)} ` +
        `in order ${inOrder.toFixed(1)} error/D ${Math.max(...bounds).toExponential(1)}`,
    );
    if (values.drifts) console.log(drifts.map((drift) => drift.toExponential(1)).join(' '));
  }
  await bench.close();
}

await main();
