import { availableParallelism } from 'node:os';
import { extname, join } from 'node:path';
import type { Command } from 'commander';
import { packageRoot } from '../../common/package.js';
import { asked, type JobOptions } from '../../common/settings/index.js';
import { addClusterFlags, type ClusterFlags, openCluster } from '../cluster-flags.js';
import { flag } from '../flag.js';
import { GENERATE_SCHEMA, generateDocument, readGenerateRequest } from '../generate-request.js';
import { type CommandIo, writeJson } from '../io.js';
import { findFfmpeg } from '../mp4.js';
import { outputTypeOf, prepareFile, prepareOutput, promptPaths, writeImage } from '../output.js';
import { addPlanFlags, type PlanFlags } from '../plan-flags.js';
import { addPipelineFlags, type PipelineFlags } from '../pipeline-flags.js';
import { addJobFlags } from '../setting-flag.js';
import { ProgressLine } from '../progress.js';
import { addReplayFlag, checkReplayed } from '../replay.js';
import { RESULT_ENDINGS, writeResults } from '../result-files.js';
import { runDocument } from '../run-document.js';
import { addSamplerFlags, type SamplerFlags } from '../sampler-flags.js';
import { watchJob } from '../watch-job.js';
import { writeTrace } from '../write-trace.js';

export interface GenerateFlags
  extends ClusterFlags,
    PlanFlags,
    Omit<JobOptions, 'scheduler'>,
    SamplerFlags,
    PipelineFlags {
  readonly model?: string;
  readonly out?: string;
  readonly negativePrompt?: string;
  readonly replay?: string;
  readonly traceFile?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** What `generate` draws with where nothing is said. */
const BUNDLED = join(packageRoot, 'models', 'emoji');
/** Each holds a part of the predictor; more gain little on one machine. */
const MAX_LOCAL_WORKERS = 4;

const JOB_FLAGS = [
  'numInferenceSteps',
  'guidanceScale',
  'seed',
  'numImagesPerPrompt',
  'height',
  'width',
  'previewEvery',
  'vaeTiling',
] as const;

export function register(command: Command, io: CommandIo): void {
  command
    .argument('[prompt]', 'what to draw; with --replay, as the report has it')
    .addOption(flag('--model <dir>', 'model folder for local workers (default: the bundled one)'))
    .option(
      '--out <file>',
      'file to write: .png, .jpg or .webp (.npy: floats, not rounded); a video as .webp, .gif or .mp4 (by ffmpeg), or with another ending a file a frame; sound as .wav. Several get -0, -1, ... (default: the prompt and a number, red-apple-0.png)',
    )
    .addOption(flag('--negative-prompt <text>', 'what the picture should not show'));
  addJobFlags(command, JOB_FLAGS);
  addReplayFlag(addPlanFlags(addClusterFlags(addSamplerFlags(addPipelineFlags(command), "the model's"))))
    .addOption(
      flag('--trace-file <file>', 'write a timeline of all hosts (Chrome trace JSON, opens in Perfetto)'),
    )
    .option('--json', 'print one JSON document')
    .option('--quiet', 'no progress')
    .action((prompt: string | undefined, flags: GenerateFlags) => run(prompt, flags, io));
}

export async function run(prompt: string | undefined, flags: GenerateFlags, io: CommandIo): Promise<void> {
  const request = await readGenerateRequest(prompt, flags);
  const { job, replay } = request;
  const [out = ''] = flags.out === undefined ? promptPaths(request.prompt, 1) : [flags.out];
  await prepareOutput(out, RESULT_ENDINGS);
  if (extname(out).toLowerCase() === '.mp4') await findFfmpeg();
  if (flags.traceFile !== undefined) await prepareFile(flags.traceFile);
  const progress = new ProgressLine(io, flags.quiet === true);
  // On this machine alone, without another word: a worker for each core.
  const isLocal = flags.coordinator === undefined;
  const localWorkers =
    flags.localWorkers ??
    (isLocal ? (replay?.workers ?? Math.min(MAX_LOCAL_WORKERS, availableParallelism())) : undefined);
  const where = localWorkers === undefined ? flags : { ...flags, localWorkers };
  const cluster = await openCluster(where, io, { modelDir: flags.model ?? (isLocal ? BUNDLED : undefined) });
  if (flags.coordinator !== undefined && flags.model !== undefined)
    progress.note(`--model ${flags.model} is left aside: the coordinator draws with its own`);
  try {
    const events = cluster.client.generate({
      prompt: request.prompt,
      negativePrompt: request.negativePrompt,
      numInferenceSteps: asked(job.numInferenceSteps),
      guidanceScale: asked(job.guidanceScale),
      seed: job.seed,
      numImagesPerPrompt: job.numImagesPerPrompt,
      height: asked(job.height),
      width: asked(job.width),
      ...request.sampler,
      ...request.pipelineArguments,
      previewEvery: job.previewEvery,
      vaeTiling: job.vaeTiling,
      outputType: outputTypeOf(out),
      trace: flags.traceFile !== undefined,
      plan: request.plan,
      replay: replay?.run,
      signal: io.signal,
    });
    const done = await watchJob(events, progress, 'generating', async (event) => {
      if (event.type === 'preview') await writeImage(`${out}.preview.png`, event.image);
    });
    checkReplayed(replay, done.report.latentsSha256);
    const place = { out: flags.out, prompt: request.prompt };
    const paths = await writeResults(place, done, (text) => progress.note(text));
    if (flags.traceFile !== undefined) await writeTrace(flags.traceFile, done.trace);
    if (flags.json === true)
      writeJson(io, {
        schema: GENERATE_SCHEMA,
        out: paths.length === 1 ? paths[0] : paths,
        prompt: request.prompt,
        seed: job.seed,
        request: generateDocument(request),
        ...runDocument(done.report),
      });
    else io.stdout.write(`${paths.join('\n')}\n`);
    if (flags.quiet !== true && flags.json !== true) {
      const { seconds, settings, workers } = done.report;
      const { components } = settings;
      progress.note(
        `${seconds.toFixed(2)} s, ${components} component${components === 1 ? '' : 's'} on ${workers.length} worker${workers.length === 1 ? '' : 's'}`,
      );
    }
  } finally {
    progress.clear();
    await cluster.close();
  }
}
