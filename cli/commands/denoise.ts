import { join } from 'node:path';
import type { Command } from 'commander';
import { AsyncDiffError } from '../../common/errors/index.js';
import {
  asked,
  type JobOptions,
  type JobSettings,
  type PlanOptions,
  resolveJobSettings,
  resolvePlanSettings,
} from '../../common/settings/index.js';
import type { JointPair } from '../../planner/index.js';
import type { Tensor } from '../../common/tensor/index.js';
import { createSampler, parseSchedulerConfig, SeededNoise } from '../../samplers/index.js';
import {
  addClusterFlags,
  addModel,
  checkReference,
  type ClusterFlags,
  openModelCluster,
} from '../cluster-flags.js';
import { flag } from '../flag.js';
import { type CommandIo, writeJson } from '../io.js';
import { prepareFile, prepareOutput } from '../output.js';
import { collect, realNumber } from '../numbers.js';
import { addJobFlags, jobOptions } from '../setting-flag.js';
import { addPlanFlags, oneWorkerEach, type PlanFlags, toPlanOptions } from '../plan-flags.js';
import { checkInputs } from '../predictor-inputs.js';
import { namePair } from '../run-inputs.js';
import { readInputs, writeLatents } from '../latents-files.js';
import { ProgressLine } from '../progress.js';
import { referenceDenoise } from '../reference-denoise.js';
import { runDocument } from '../run-document.js';
import {
  addSamplerFlags,
  predicting,
  readSamplerFlags,
  type SamplerChoiceOptions,
  type SamplerFlags,
} from '../sampler-flags.js';
import {
  addReplayFlag,
  checkReplayed,
  readReplay,
  type Replay,
  replayed,
  replayedJob,
  requestDocument,
} from '../replay.js';
import { StepRecorder } from '../step-recorder.js';
import { watchJob } from '../watch-job.js';
import { writeTrace } from '../write-trace.js';

export interface DenoiseFlags extends ClusterFlags, PlanFlags, Omit<JobOptions, 'scheduler'>, SamplerFlags {
  readonly model: string;
  readonly input?: string[];
  readonly predictionType?: string;
  readonly timestepScale?: number;
  readonly joint?: string[];
  readonly reference?: boolean;
  readonly replay?: string;
  readonly out: string;
  readonly trace?: string;
  readonly traceFile?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const SCHEMA = 'asyncdiff.denoise/1';
/** A predictor without a pipeline says nothing of guidance. */
const OWN_DEFAULTS = { guidanceScale: 1 } as const;

export function register(command: Command, io: CommandIo): void {
  command
    .requiredOption('--model <file>', 'the noise predictor, an ONNX file')
    .option(
      '--input <name=file.npy>',
      "latents of the first step (under the graph's name for them, or sample=...) and conditioning (repeatable)",
      collect,
    );
  addJobFlags(command, ['numInferenceSteps', 'guidanceScale', 'seed'], OWN_DEFAULTS);
  addReplayFlag(addPlanFlags(addClusterFlags(addSamplerFlags(command, "the config's"))))
    .addOption(
      flag(
        '--prediction-type <type>',
        "what the model predicts, in place of the config's: epsilon, sample, v_prediction, flow_prediction",
      ).choices(['epsilon', 'sample', 'v_prediction', 'flow_prediction']),
    )
    .addOption(
      flag(
        '--timestep-scale <x>',
        "feed the predictor the sampler's timesteps times x: 0.001 where it counts from 0 to 1 (default: 1)",
      ).argParser(realNumber('timestep-scale')),
    )
    .option(
      '--joint <input=output>',
      'several latents: this input is latents, which this output predicts (repeatable; only where shapes and names do not tell)',
      collect,
    )
    .option(
      '--reference',
      'run in this process, one task after another: the answer that other runs must equal',
    )
    .requiredOption('--out <file.npy>', 'final latents')
    .addOption(flag('--trace <dir>', 'write eps_0000.npy, latents_0000.npy, ... and timesteps.json'))
    .addOption(
      flag('--trace-file <file>', 'write a timeline of all hosts (Chrome trace JSON, opens in Perfetto)'),
    )
    .option('--json', 'print one JSON document')
    .option('--quiet', 'no progress')
    .action((flags: DenoiseFlags) => run(flags, io));
}

export async function run(flags: DenoiseFlags, io: CommandIo): Promise<void> {
  checkReference(flags, io);
  const { scheduler: _scheduler, ...given } = jobOptions(flags);
  const replay = flags.replay === undefined ? undefined : await readReplay(flags.replay, SCHEMA, flags);
  const job =
    replay === undefined
      ? resolveJobSettings({ ...OWN_DEFAULTS, ...given })
      : replayedJob(replay.request, given);
  const inputs = await readInputs(flags.input ?? []);
  if (flags.joint === undefined) checkInputs(flags.model, inputs);
  const { scheduler, schedulerConfig, samplerOptions } = repeatedSampler(
    replay,
    predicting(flags.predictionType, await readSamplerFlags(flags)),
  );
  const timestepScale =
    replay === undefined
      ? flags.timestepScale
      : replayed(replay.request, 'timestepScale', flags.timestepScale);
  if (schedulerConfig === undefined) {
    const hint = 'Give a scheduler_config.json, as diffusers writes it, as --scheduler-config FILE.';
    throw new AsyncDiffError('usage', 'the scheduler config is missing', { hint });
  }
  const choice = { scheduler, schedulerConfig, samplerOptions };
  // Checked here as well, so that a wrong setting costs no start of workers.
  const sampler = createSampler(parseSchedulerConfig(schedulerConfig), asked(job.numInferenceSteps), {
    name: scheduler,
    options: samplerOptions,
    noise: new SeededNoise({ seed: BigInt(job.seed), drawnBefore: [] }),
  });
  const plan = replay?.plan ?? toPlanOptions(flags);
  const settings = resolvePlanSettings(plan, { numInferenceSteps: sampler.numCalls });
  await prepareOutput(flags.out, ['.npy']);
  if (flags.trace !== undefined) await prepareFile(join(flags.trace, 'timesteps.json'));
  if (flags.traceFile !== undefined) await prepareFile(flags.traceFile);
  const recorder = flags.trace === undefined ? undefined : new StepRecorder(flags.trace);
  const progress = new ProgressLine(io, flags.quiet === true);
  const joint = (flags.joint ?? []).map((text) => {
    const [input, output] = namePair(text, '--joint takes INPUT=OUTPUT');
    return { input, output };
  });
  const work = { inputs, job, timestepScale, joint, recorder, progress, replay };
  try {
    const { latents, jointLatents, document } =
      flags.reference === true
        ? await referenceDenoise(flags, io, { ...work, sampler, settings })
        : await distributed(flags, io, { ...work, choice, plan });
    await recorder?.finish(sampler.timesteps);
    checkReplayed(replay, document.latents_sha256);
    const outs = await writeLatents(flags.out, latents, jointLatents);
    if (flags.json === true)
      writeJson(io, {
        schema: SCHEMA,
        out: flags.out,
        ...(Object.keys(jointLatents).length === 0 ? {} : { outs }),
        request: denoiseDocument(job, choice, timestepScale),
        ...document,
      });
    else for (const path of Object.values(outs)) io.stdout.write(`${path}\n`);
  } finally {
    progress.clear();
  }
}

export interface DenoiseWork {
  readonly job: JobSettings;
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** The predictor is fed the sampler's timesteps times this. Default: 1. */
  readonly timestepScale: number | undefined;
  readonly joint: readonly JointPair[];
  readonly recorder: StepRecorder | undefined;
  readonly progress: ProgressLine;
  readonly replay: Replay | undefined;
}

async function distributed(
  flags: DenoiseFlags,
  io: CommandIo,
  shared: DenoiseWork & { choice: SamplerChoiceOptions & { schedulerConfig: string }; plan: PlanOptions },
) {
  const { inputs, job, timestepScale, joint, recorder, progress, choice, plan, replay } = shared;
  const cluster = await openModelCluster(flags, io, replay?.workers ?? oneWorkerEach(flags));
  try {
    const modelSha256 = await addModel(cluster, flags.model, io.signal);
    const events = cluster.client.denoise({
      modelSha256,
      ...choice,
      numInferenceSteps: asked(job.numInferenceSteps),
      seed: job.seed,
      guidanceScale: asked(job.guidanceScale) ?? OWN_DEFAULTS.guidanceScale,
      inputs,
      timestepScale,
      joint,
      sendSteps: recorder !== undefined,
      trace: flags.traceFile !== undefined,
      plan,
      replay: replay?.run,
      signal: io.signal,
    });
    const done = await watchJob(events, progress, 'denoising', (event) =>
      event.type === 'step' ? recorder?.record(event) : undefined,
    );
    if (flags.traceFile !== undefined) await writeTrace(flags.traceFile, done.trace);
    return { latents: done.latents, jointLatents: done.jointLatents, document: runDocument(done.report) };
  } finally {
    await cluster.close();
  }
}

/** The sampler of the report, which what was given may not contradict. */
function repeatedSampler(replay: Replay | undefined, given: SamplerChoiceOptions): SamplerChoiceOptions {
  if (replay === undefined) return given;
  const { request } = replay;
  const own = Object.keys(given.samplerOptions).length === 0 ? undefined : given.samplerOptions;
  return {
    scheduler: replayed(request, 'scheduler', given.scheduler),
    schedulerConfig: replayed(request, 'schedulerConfig', given.schedulerConfig),
    samplerOptions: replayed(request, 'samplerOptions', own) ?? {},
  };
}

/** What a report says that was asked for. */
function denoiseDocument(
  { numInferenceSteps, guidanceScale, seed }: JobSettings,
  choice: SamplerChoiceOptions,
  timestepScale: number | undefined,
) {
  return requestDocument({ numInferenceSteps, guidanceScale, seed, ...choice, timestepScale });
}
