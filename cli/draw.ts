import type { AsyncDiffClient } from '../client/index.js';
import { AsyncDiffError } from '../common/errors/index.js';
import { asked } from '../common/settings/index.js';
import { GENERATE_SCHEMA, generateDocument, type GenerateRequest } from './generate-request.js';
import type { CommandIo } from './io.js';
import { outputTypeOf, writeImage } from './output.js';
import { withReport } from './picture-report.js';
import { isAmong, type PictureSource } from './picture-source.js';
import type { ProgressLine } from './progress.js';
import type { ListedPrompt } from './prompt-list.js';
import { checkReplayed } from './replay.js';
import { writeResults } from './result-files.js';
import { runDocument } from './run-document.js';
import { watchJob } from './watch-job.js';
import { writeTrace } from './write-trace.js';

/** What a picture is drawn with. */
interface Drawing {
  readonly client: AsyncDiffClient;
  readonly flags: { readonly traceFile?: string; readonly json?: boolean; readonly quiet?: boolean };
  readonly io: CommandIo;
  readonly progress: ProgressLine;
}

/** Draws what is not there yet, one after another; what is there is left out and keeps its place. */
export async function drawList(list: readonly ListedPrompt[], request: GenerateRequest, drawing: Drawing) {
  const { flags, io, progress } = drawing;
  const pictures: unknown[] = [];
  for (const [at, { prompt, seed, out, isDrawn }] of list.entries()) {
    if (isDrawn) {
      pictures.push({ prompt, seed, out, drawn_before: true });
      continue;
    }
    progress.note(`${at + 1} of ${list.length}: ${prompt}`);
    const one = { ...request, prompt, job: { ...request.job, seed } };
    const { paths, document } = await draw(one, { out, named: out }, drawing);
    pictures.push(document);
    if (flags.json !== true) io.stdout.write(`${paths.join('\n')}\n`);
  }
  const before = list.filter(({ isDrawn }) => isDrawn).length;
  if (before > 0) progress.note(`${before} of ${list.length} were there already`);
  return pictures;
}

/** Draws one prompt and writes what it gives; the paths, and the document of `--json`. */
export async function draw(
  request: GenerateRequest,
  { out, named }: { readonly out: string; readonly named: string | undefined },
  { client, flags, io, progress }: Drawing,
) {
  const { job, replay, source } = request;
  const outputType = outputTypeOf(out);
  const events = client.generate({
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
    outputType,
    trace: flags.traceFile !== undefined,
    plan: request.plan,
    replay: replay?.run,
    signal: io.signal,
  });
  const done = await watchJob(events, progress, 'generating', async (event) => {
    if (event.type === 'preview') await writeImage(`${out}.preview.png`, event.image);
  });
  checkReplayed(replay, done.report.latentsSha256);
  if (source !== undefined && outputType === 'png') await checkPixels(source, done.images, progress);
  const asking = generateDocument(request);
  const images =
    outputType === 'png' ? done.images.map((png) => withReport(png, asking, done.report)) : done.images;
  const place = { out: named, prompt: request.prompt };
  const paths = await writeResults(place, { ...done, images }, (text) => progress.note(text));
  if (flags.traceFile !== undefined) await writeTrace(flags.traceFile, done.trace);
  if (flags.quiet !== true && flags.json !== true) {
    const { seconds, settings, workers } = done.report;
    const { components } = settings;
    progress.note(
      `${seconds.toFixed(2)} s, ${components} component${components === 1 ? '' : 's'} on ${workers.length} worker${workers.length === 1 ? '' : 's'}, seed ${job.seed}`,
    );
  }
  const document = {
    schema: GENERATE_SCHEMA,
    out: paths.length === 1 ? paths[0] : paths,
    prompt: request.prompt,
    seed: job.seed,
    request: asking,
    ...runDocument(done.report),
  };
  return { paths, document };
}

/** The latents are held against the report; what decodes them, and pictures without a report, only by what comes out. */
async function checkPixels(
  source: PictureSource,
  images: readonly Uint8Array[],
  progress: ProgressLine,
): Promise<void> {
  if (await isAmong(source, images)) return;
  const text = `what was drawn has not the pixels of ${source.path}`;
  if (source.report !== undefined)
    throw new AsyncDiffError('results_differ', `${text}, though its latents are equal`, {
      hint: 'The VAE decoder or what runs it is another: use the model folder and the ONNX Runtime of the picture.',
    });
  progress.note(
    `${text}: its text says less than a report does, so that plan, devices or versions may differ`,
  );
}
