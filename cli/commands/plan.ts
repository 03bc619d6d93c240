import { join } from 'node:path';
import type { Command } from 'commander';
import type { PlanDocument } from '../../client/index.js';
import { AsyncDiffError } from '../../common/errors/index.js';
import {
  asked,
  type JobOptions,
  resolveJobSettings,
  resolvePlanSettings,
} from '../../common/settings/index.js';
import { hostMemoryBytes } from '../../common/host-memory.js';
import { placeEstimates } from '../../coordinator/deployment/index.js';
import { type PartEstimate, planSubject } from '../../coordinator/pipeline/index.js';
import { runSettings } from '../../execution/index.js';
import { defaultWorkDir, formatPlan, planInProcess, type PlanRequest } from '../../planner/index.js';
import { alike } from '../alike-workers.js';
import { BUNDLED_MODEL } from '../bundled-model.js';
import { flag } from '../flag.js';
import { type CommandIo, writeJson } from '../io.js';
import { collect, realNumber, wholeNumber } from '../numbers.js';
import { addPlanFlags, type PlanFlags, toPlanOptions } from '../plan-flags.js';
import { pipelineParts } from '../plan-pipeline.js';
import { batchOf, callOf, GUIDED_BATCH, planSource, type PlanSourceFlags } from '../plan-source.js';
import { planLines } from '../plan-text.js';
import { ProgressLine } from '../progress.js';
import { planWorkers } from '../reference-run.js';
import { addJobFlags, jobOptions } from '../setting-flag.js';
import { showStage } from '../watch-job.js';

interface PlanCommandFlags
  extends PlanFlags,
    Pick<JobOptions, 'height' | 'width' | 'numInferenceSteps' | 'guidanceScale'> {
  readonly model: string;
  readonly inputShape?: string[];
  readonly singlePass?: boolean;
  readonly state?: string[];
  readonly workers?: number;
  readonly linkGbit?: number;
  readonly cache?: string;
  readonly json?: boolean;
}

/** What a plan without a cluster is cut into. */
const DEFAULTS = { components: 2 } as const;
const MAX_PLANNED_WORKERS = 64;
/** A job as most are: what is chosen within `maxError` depends on it. */
const USUAL = { numInferenceSteps: 50, guidanceScale: GUIDED_BATCH } as const;

export function register(command: Command, io: CommandIo): void {
  command.addOption(
    flag(
      '--model <dir|file>',
      'model folder, or an ONNX file: a noise predictor, or what `run` takes',
    ).default(BUNDLED_MODEL, 'the bundled model'),
  );
  addPlanFlags(command, { scope: 'plan', defaults: DEFAULTS });
  addJobFlags(command, ['height', 'width', 'numInferenceSteps', 'guidanceScale'], USUAL)
    .option(
      '--input-shape <name=1,2,3>',
      'shape of an input that the model leaves open (repeatable)',
      collect,
    )
    .option(
      '--single-pass',
      'plan as `run` does: once for each item of a list, without steps (default: where the file has no noise predictor)',
    )
    .option('--state <output=input>', 'as in `run`, which it implies (repeatable)', collect)
    .option(
      '--workers <k>',
      'plan for k workers alike, and choose what is left open within --max-error (default then: auto)',
      wholeNumber('workers', 1, MAX_PLANNED_WORKERS),
    )
    .option(
      '--link-gbit <rate>',
      'with --workers: each on a host of its own, with links of so many Gb/s and 0.2 ms there and back (default: one host)',
      realNumber('link-gbit', 1e-3, 1e4),
    )
    .addOption(flag('--cache <dir>', 'folder for plans and segments'))
    .option('--json', 'print one JSON document')
    .action((flags: PlanCommandFlags) => run(flags, io));
}

export async function run(flags: PlanCommandFlags, io: CommandIo): Promise<void> {
  const { model, workers: count, linkGbit } = flags;
  if (linkGbit !== undefined && count === undefined)
    throw new AsyncDiffError('usage', '--link-gbit is for --workers', {
      hint: 'Say between how many workers: --workers K.',
    });
  const subject = subjectOf(flags);
  const workDir = flags.cache === undefined ? defaultWorkDir() : join(flags.cache, 'plans');
  const source = await planSource(model, subject, workDir);
  const { modelPath } = source;
  const progress = new ProgressLine(io, flags.json === true);
  // In this process, while another one plans.
  const estimates =
    model === modelPath ? Promise.resolve([]) : pipelineParts(callOf(model, subject), workDir);
  estimates.catch(() => undefined);
  const request = requestOf(flags, subject, source.singlePass !== undefined);
  const plan = await planInProcess(
    { ...request, source, workDir, threads: 1, isPreview: true },
    {
      signal: io.signal,
      onProgress: (stage) => showStage(progress, 'plan', stage),
      onIgnored: (why) => io.stderr.write(`ignored: ${why}\n`),
    },
  );
  progress.clear();
  const parts = await estimates;
  // Workers of this host have its memory.
  const workers = request.workers.map(({ id, memoryBytes = hostMemoryBytes() }) => ({ id, memoryBytes }));
  const placed = placeEstimates(parts, workers, plan);
  const document = {
    ...formatPlan(plan),
    parts: parts.map((part) => partDocument(part, placed)),
  } satisfies PlanDocument;
  if (flags.json === true) {
    writeJson(io, { ...document, model: modelPath });
    return;
  }
  for (const line of planLines(modelPath, document, plan.choice)) io.stdout.write(`${line}\n`);
}

/** With numbers where they were asked for. */
function subjectOf(flags: PlanCommandFlags): PlanSourceFlags {
  const { height, width, numInferenceSteps, guidanceScale } = resolveJobSettings(jobOptions(flags));
  return {
    ...flags,
    height: asked(height),
    width: asked(width),
    numInferenceSteps: asked(numInferenceSteps),
    guidanceScale: asked(guidanceScale),
  };
}

/** Settings and workers: those that were asked for, or one for each component. */
function requestOf(
  { model, workers: count, linkGbit, ...flags }: PlanCommandFlags,
  subject: PlanSourceFlags,
  isSinglePass: boolean,
): Pick<PlanRequest, 'settings' | 'workers' | 'links' | 'subject' | 'batchRepeat'> {
  const options = toPlanOptions(flags);
  if (isSinglePass) {
    const settings = runSettings({ ...(count === undefined ? DEFAULTS : {}), ...options });
    return { settings, ...workersFor(settings, count, linkGbit), batchRepeat: 1 };
  }
  const { numInferenceSteps = USUAL.numInferenceSteps, guidanceScale = USUAL.guidanceScale } = subject;
  // Step-parallel holds the predictor whole: what a plan is cut into otherwise would contradict it.
  const alone = (options.stepParallel ?? 1) === 1 ? DEFAULTS : {};
  const usual = count === undefined ? alone : { maxError: 'auto' };
  const settings = resolvePlanSettings({ ...usual, ...options }, { numInferenceSteps });
  return {
    settings,
    ...workersFor(settings, count, linkGbit),
    subject: planSubject(model, { numInferenceSteps, guidanceScale, settings }),
    batchRepeat: batchOf(subject),
  };
}

function workersFor(
  settings: Parameters<typeof planWorkers>[0],
  count: number | undefined,
  linkGbit: number | undefined,
): Pick<PlanRequest, 'workers' | 'links'> {
  return count === undefined ? { workers: planWorkers(settings), links: [] } : alike(count, linkGbit);
}

function partDocument(
  { part, runs, costMs, weightBytes, memoryBytes }: PartEstimate,
  placed: ReadonlyMap<string, string>,
) {
  return {
    part,
    runs,
    cost_ms: costMs,
    weight_bytes: weightBytes,
    memory_bytes: memoryBytes,
    worker: placed.get(part),
  };
}
