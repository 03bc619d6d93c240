import type { Command } from 'commander';
import { AsyncDiffError } from '../../common/errors/index.js';
import { addClusterFlags, type ClusterFlags, openCluster } from '../cluster-flags.js';
import { flag } from '../flag.js';
import { type CommandIo, writeJson } from '../io.js';
import { imagePaths, prepareFile, prepareOutput, writeImage } from '../output.js';
import { realNumber, wholeNumber } from '../numbers.js';
import { addPlanFlags, type PlanFlags, toPlanOptions } from '../plan-flags.js';
import { addPipelineFlags, type PipelineFlags, readPipelineFlags } from '../pipeline-flags.js';
import { ProgressLine } from '../progress.js';
import { runDocument } from '../run-document.js';
import { addSamplerFlags, readSamplerFlags, type SamplerFlags } from '../sampler-flags.js';
import { watchJob } from '../watch-job.js';
import { writeTrace } from '../write-trace.js';

export interface GenerateFlags extends ClusterFlags, PlanFlags, SamplerFlags, PipelineFlags {
  readonly model?: string;
  readonly out: string;
  readonly negativePrompt?: string;
  readonly numInferenceSteps?: number;
  readonly guidanceScale?: number;
  readonly seed: number;
  readonly numImagesPerPrompt?: number;
  readonly height?: number;
  readonly width?: number;
  readonly previewEvery?: number;
  readonly traceFile?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export function register(command: Command, io: CommandIo): void {
  command
    .argument('<prompt>')
    .addOption(flag('--model <dir>', 'model folder for local workers'))
    .requiredOption('--out <file>', 'picture to write (.png, .jpg, .webp); several get -0, -1, ...')
    .addOption(flag('--negative-prompt <text>', 'what the picture should not show'))
    .addOption(
      flag('--num-inference-steps <t>', 'steps of the sampler (default: 50)').argParser(
        wholeNumber('num-inference-steps', 1),
      ),
    )
    .addOption(
      flag('--guidance-scale <g>', "classifier-free guidance; 1 for none (default: the model's)").argParser(
        realNumber('guidance-scale'),
      ),
    )
    .addOption(
      flag('--seed <n>', 'seed of the noise, as in torch').argParser(wholeNumber('seed', 0)).default(0),
    )
    .addOption(
      flag('--num-images-per-prompt <n>', 'pictures in one batch (default: 1)').argParser(
        wholeNumber('num-images-per-prompt', 1, 64),
      ),
    )
    .addOption(flag('--height <px>', "default: the model's").argParser(wholeNumber('height', 1)))
    .addOption(flag('--width <px>', "default: the model's").argParser(wholeNumber('width', 1)));
  addPlanFlags(addClusterFlags(addSamplerFlags(addPipelineFlags(command), "the model's")))
    .addOption(
      flag('--preview-every <n>', 'write OUT.preview.png every n steps').argParser(
        wholeNumber('preview-every', 1),
      ),
    )
    .addOption(
      flag('--trace-file <file>', 'write a timeline of all hosts (Chrome trace JSON, opens in Perfetto)'),
    )
    .option('--json', 'print one JSON document')
    .option('--quiet', 'no progress')
    .action((prompt: string, flags: GenerateFlags) => run(prompt, flags, io));
}

export async function run(prompt: string, flags: GenerateFlags, io: CommandIo): Promise<void> {
  if (flags.coordinator === undefined && flags.model === undefined) {
    throw new AsyncDiffError(
      'usage',
      'say where to run: --coordinator HOST:PORT, or --model DIR --local-workers K',
    );
  }
  const samplerChoice = await readSamplerFlags(flags);
  const pipelineArguments = await readPipelineFlags(flags);
  await prepareOutput(flags.out);
  if (flags.traceFile !== undefined) await prepareFile(flags.traceFile);
  const progress = new ProgressLine(io, flags.quiet === true);
  const cluster = await openCluster(flags, io, { modelDir: flags.model });
  if (flags.coordinator !== undefined && flags.model !== undefined)
    progress.note(`--model ${flags.model} is left aside: the coordinator draws with its own`);
  try {
    const events = cluster.client.generate({
      prompt,
      negativePrompt: flags.negativePrompt,
      numInferenceSteps: flags.numInferenceSteps,
      guidanceScale: flags.guidanceScale,
      seed: flags.seed,
      numImagesPerPrompt: flags.numImagesPerPrompt,
      height: flags.height,
      width: flags.width,
      ...samplerChoice,
      ...pipelineArguments,
      previewEvery: flags.previewEvery,
      trace: flags.traceFile !== undefined,
      plan: toPlanOptions(flags),
      signal: io.signal,
    });
    const done = await watchJob(events, progress, 'generating', async (event) => {
      if (event.type === 'preview') await writeImage(`${flags.out}.preview.png`, event.image);
    });
    const paths = imagePaths(flags.out, done.images.length);
    for (const [index, image] of done.images.entries()) await writeImage(paths[index] as string, image);
    if (flags.traceFile !== undefined) await writeTrace(flags.traceFile, done.trace);
    const out = paths.length === 1 ? paths[0] : paths;
    if (flags.json === true)
      writeJson(io, {
        schema: 'asyncdiff.generate/1',
        out,
        prompt,
        seed: flags.seed,
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
