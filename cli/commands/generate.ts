import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import type { Command } from 'commander';
import { AsyncDiffError } from '../../common/errors/index.js';
import { type JobOptions, resolvePlanSettings } from '../../common/settings/index.js';
import { BUNDLED_MODEL } from '../bundled-model.js';
import { addClusterFlags, type ClusterFlags, openCluster } from '../cluster-flags.js';
import { draw, drawList } from '../draw.js';
import { flag } from '../flag.js';
import { readGenerateRequest } from '../generate-request.js';
import { type CommandIo, writeJson } from '../io.js';
import { findFfmpeg } from '../mp4.js';
import { prepareFile, prepareOutput, promptPaths } from '../output.js';
import { checkModel } from '../picture-source.js';
import { addPlanFlags, type PlanFlags } from '../plan-flags.js';
import { addPipelineFlags, type PipelineFlags } from '../pipeline-flags.js';
import { listPrompts } from '../prompt-list.js';
import { promptLines } from '../prompt-lines.js';
import { addJobFlags } from '../setting-flag.js';
import { ProgressLine } from '../progress.js';
import { addReplayFlag } from '../replay.js';
import { RESULT_ENDINGS } from '../result-files.js';
import { addSamplerFlags, type SamplerFlags } from '../sampler-flags.js';

interface GenerateFlags
  extends ClusterFlags,
    PlanFlags,
    Omit<JobOptions, 'scheduler'>,
    SamplerFlags,
    PipelineFlags {
  readonly model?: string;
  readonly out?: string;
  readonly negativePrompt?: string;
  readonly prompts?: string;
  readonly from?: string;
  readonly replay?: string;
  readonly traceFile?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const LIST_SCHEMA = 'asyncdiff.generate-list/1';

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
    .argument('[prompt]', 'what to draw; left out with --prompts, --from and --replay')
    .addOption(flag('--model <dir>', 'model folder for local workers (default: the bundled one)'))
    .option(
      '--out <file>',
      'file to write: .png, .jpg or .webp (.npy: floats, not rounded); a video as .webp, .gif or .mp4 (by ffmpeg), or with another ending a file a frame; sound as .wav. Several get -0, -1, ... (default: the prompt and a number, red-apple-0.png)',
    )
    .addOption(flag('--negative-prompt <text>', 'what the picture should not show'))
    .option(
      '--prompts <file>',
      'draw every line of a file (# begins a comment); seeds count on; pictures that are there are not drawn again: 0000-red-apple.png, ..., behind the name of --out',
    )
    .option('--from <picture.png>', 'draw this picture again from the texts in it, or refuse');
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
  if (flags.prompts !== undefined) checkList(prompt, flags);
  const prompts = flags.prompts === undefined ? undefined : await promptLines(flags.prompts);
  const request = await readGenerateRequest(prompt ?? prompts?.[0], flags);
  const { job, replay, source } = request;
  // Checked here as well, so that a wrong setting costs no start of workers.
  resolvePlanSettings(request.plan);
  const list =
    prompts && listPrompts(prompts, { out: flags.out, seed: job.seed, numImages: job.numImagesPerPrompt });
  const [out = ''] =
    list?.map((one) => one.out) ?? (flags.out === undefined ? promptPaths(request.prompt, 1) : [flags.out]);
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
  const cluster = await openCluster(where, io, {
    modelDir: flags.model ?? (isLocal ? BUNDLED_MODEL : undefined),
  });
  if (flags.coordinator !== undefined && flags.model !== undefined)
    progress.note(`--model ${flags.model} is left aside: the coordinator draws with its own`);
  try {
    if (source !== undefined) checkModel(source, (await cluster.client.status({ signal: io.signal })).model);
    const drawing = { client: cluster.client, flags, io, progress };
    if (list !== undefined) {
      const pictures = await drawList(list, request, drawing);
      if (flags.json === true) writeJson(io, { schema: LIST_SCHEMA, pictures });
      return;
    }
    const { paths, document } = await draw(request, { out, named: flags.out }, drawing);
    if (flags.json === true) writeJson(io, document);
    else io.stdout.write(`${paths.join('\n')}\n`);
  } finally {
    progress.clear();
    await cluster.close();
  }
}

/** Throws `usage` for what has no meaning with a list of prompts. */
function checkList(prompt: string | undefined, { from, replay, traceFile }: GenerateFlags): void {
  const others = { 'a prompt': prompt, '--from': from, '--replay': replay, '--trace-file': traceFile };
  const [other] = Object.entries(others).find(([, value]) => value !== undefined) ?? [];
  if (other !== undefined)
    throw new AsyncDiffError('usage', `--prompts cannot be given together with ${other}`);
}
