import { join } from 'node:path';
import type { Command } from 'commander';
import type { PlanDocument } from '../../client/index.js';
import { MAX_STEPS, resolvePlanSettings } from '../../common/settings/index.js';
import { planSubject } from '../../coordinator/pipeline/index.js';
import {
  choiceLines,
  defaultWorkDir,
  formatPlan,
  planInProcess,
  type PlanSource,
} from '../../planner/index.js';
import { alike } from '../alike-workers.js';
import type { PartEstimate } from '../../coordinator/pipeline/index.js';
import { flag } from '../flag.js';
import { type CommandIo, writeJson } from '../io.js';
import { collect, realNumber, wholeNumber } from '../numbers.js';
import { addPlanFlags, type PlanFlags, toPlanOptions } from '../plan-flags.js';
import { guessShapes, outChannelsOf, predictorOf } from '../predictor-folder.js';
import { inputsLine, parseShapes, tryDescribe } from '../predictor-inputs.js';
import { ProgressLine } from '../progress.js';
import { planWorkers } from '../reference-run.js';
import { pipelineParts, pipelineSource, type PlannedCall } from '../plan-pipeline.js';
import { showStage } from '../watch-job.js';

export interface PlanCommandFlags extends PlanFlags {
  readonly model: string;
  readonly height?: number;
  readonly width?: number;
  readonly inputShape?: string[];
  readonly workers?: number;
  readonly linkGbit?: number;
  readonly numInferenceSteps?: number;
  readonly guidanceScale?: number;
  readonly cache?: string;
  readonly json?: boolean;
}

/** What a plan without a cluster is cut into. */
const DEFAULTS = { components: 2 } as const;
/** With classifier-free guidance the predictor's batch is twice the images. */
const GUIDED_BATCH = 2;
const MAX_PLANNED_WORKERS = 64;
const USUAL_STEPS = 50;

export function register(command: Command, io: CommandIo): void {
  command.requiredOption('--model <dir|file>', 'model folder, or a noise predictor as an ONNX file');
  addPlanFlags(command, { scope: 'plan', defaults: DEFAULTS })
    .option('--height <px>', "height of the picture (default: the model's)", wholeNumber('height', 1))
    .option('--width <px>', "width of the picture (default: the model's)", wholeNumber('width', 1))
    .option(
      '--input-shape <name=1,2,3>',
      'shape of an input that the model leaves open (repeatable)',
      collect,
    )
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
    .option(
      '--num-inference-steps <n>',
      `steps of the job that is chosen for (default: ${USUAL_STEPS})`,
      wholeNumber('num-inference-steps', 1, MAX_STEPS),
    )
    .option(
      '--guidance-scale <g>',
      `its guidance; 1: none (default: ${GUIDED_BATCH})`,
      realNumber('guidance-scale', 0, 1000),
    )
    .addOption(flag('--cache <dir>', 'folder for plans and segments'))
    .option('--json', 'print one JSON document')
    .action((flags: PlanCommandFlags) => run(flags, io));
}

export async function run(flags: PlanCommandFlags, io: CommandIo): Promise<void> {
  const source = await openModel(flags);
  const { modelPath } = source;
  const { workers: count, numInferenceSteps = USUAL_STEPS, guidanceScale = GUIDED_BATCH } = flags;
  const options = toPlanOptions(flags);
  // Step-parallel holds the predictor whole: what a plan is cut into otherwise would contradict it.
  const alone = (options.stepParallel ?? 1) === 1 ? DEFAULTS : {};
  const usual = count === undefined ? alone : { maxError: 'auto' };
  const settings = resolvePlanSettings({ ...usual, ...options }, { numInferenceSteps });
  const progress = new ProgressLine(io, flags.json === true);
  const workDir = flags.cache === undefined ? defaultWorkDir() : join(flags.cache, 'plans');
  // In this process, while another one plans.
  const estimates = flags.model === modelPath ? Promise.resolve([]) : pipelineParts(callOf(flags), workDir);
  estimates.catch(() => undefined);
  const plan = await planInProcess(
    {
      source,
      settings,
      ...(count === undefined ? { workers: planWorkers(settings), links: [] } : alike(count, flags.linkGbit)),
      subject: planSubject(flags.model, { numInferenceSteps, guidanceScale, settings }),
      batchRepeat: batchOf(flags),
      workDir,
      threads: 1,
      isPreview: true,
    },
    {
      signal: io.signal,
      onProgress: (stage) => showStage(progress, 'plan', stage),
    },
  );
  progress.clear();
  const parts = await estimates;
  const document = { ...formatPlan(plan), parts: parts.map(partDocument) } satisfies PlanDocument;
  if (flags.json === true) {
    writeJson(io, { ...document, model: modelPath });
    return;
  }
  io.stdout.write(
    `${modelPath}: ${document.components.length} components, ${document.shape}, ${document.micro_cuts} session(s) each at most\n`,
  );
  io.stdout.write(inputsLine(modelPath));
  if (plan.choice !== undefined) io.stdout.write(`${choiceLines(plan.choice).join('\n')}\n`);
  for (const part of document.components) {
    io.stdout.write(
      `component ${part.component}: ${(part.share * 100).toFixed(1)} % of the compute (${part.cost_ms.toFixed(2)} ms), ${part.nodes} nodes, ${(part.weight_bytes / 1e6).toFixed(1)} MB of weights${memoryText(document, part.component)}\n`,
    );
    for (const value of part.recomputes)
      io.stdout.write(`  computes ${value} again from the latents: fresh, not sent\n`);
    for (const { name, from, shape, dtype, bytes, lag } of part.receives) {
      io.stdout.write(
        `  receives ${name} from ${from}: ${dtype} [${shape.join(',')}], ${(bytes / 1e3).toFixed(1)} kB, ${lag} round${lag === 1 ? '' : 's'} old\n`,
      );
    }
  }
  const computed = document.components.reduce((sum, { share }) => sum + share, 0);
  if (document.components.some(({ recomputes }) => recomputes.length > 0))
    io.stdout.write(
      `together ${(computed * 100).toFixed(1)} % of the predictor: what is computed again counts in each component that does\n`,
    );
  io.stdout.write(
    `between workers ${(document.bytes_per_round / 1e6).toFixed(3)} MB a round (broadcasting every module: ${(document.broadcast_bytes_per_round / 1e6).toFixed(1)} MB)\n`,
  );
  if (document.unknown_operators.length > 0)
    io.stdout.write(
      `counted by their output, their work is not known: ${document.unknown_operators.join(', ')}\n`,
    );
  io.stdout.write(`predicted round ${document.predicted_period_ms.toFixed(2)} ms\n`);
  for (const { part, runs, cost_ms, weight_bytes, memory_bytes } of document.parts)
    io.stdout.write(
      `${part}: ${runs} run${runs === 1 ? '' : 's'}, ${cost_ms.toFixed(2)} ms, ${(weight_bytes / 1e6).toFixed(1)} MB of weights, about ${(memory_bytes / 1e9).toFixed(2)} GB of memory\n`,
    );
}

function callOf({ model, height, width, guidanceScale = GUIDED_BATCH }: PlanCommandFlags): PlannedCall {
  return { model, height, width, guidanceScale };
}

function partDocument({ part, runs, costMs, weightBytes, memoryBytes }: PartEstimate) {
  return { part, runs, cost_ms: costMs, weight_bytes: weightBytes, memory_bytes: memoryBytes };
}

/** Memory that a worker needs for a component, for people. */
function memoryText({ memory }: PlanDocument, component: number): string {
  const part = memory.find((one) => one.component === component);
  return part === undefined ? '' : `, about ${(part.total_bytes / 1e9).toFixed(2)} GB of memory`;
}

/** Rows of the batch for one picture. */
function batchOf({ guidanceScale = GUIDED_BATCH }: PlanCommandFlags): 1 | 2 {
  return guidanceScale > 1 ? 2 : 1;
}

/** The predictor of a file or folder with the shapes of a picture. Where its graph alone does not say what it is fed, its pipeline does. */
async function openModel(flags: PlanCommandFlags): Promise<Extract<PlanSource, { kind: 'model' }>> {
  const given = parseShapes(flags.inputShape ?? []);
  const modelPath = predictorOf(flags.model);
  if (modelPath !== flags.model && !predictsLatents(modelPath)) return pipelineSource(callOf(flags), given);
  const guessed = guessShapes(modelPath, flags.model, flags, batchOf(flags));
  return { kind: 'model', modelPath, inputShapes: { ...guessed, ...given } };
}

/** Whether a predictor can be told to give what has the shape of its latents: not where further channels go in, or more come out. */
function predictsLatents(modelPath: string): boolean {
  const described = tryDescribe(modelPath);
  if (described === undefined) return false;
  const { sample, output, inputs } = described;
  // A ControlNet's outputs are inputs of its predictor, and nobody else gives them.
  if (inputs.some(({ name }) => name.includes('_block_additional_residual'))) return false;
  const channels = outChannelsOf(modelPath);
  return sample.dims.every((dim, axis) => {
    // Behind a branch the graph says no shape; its config does.
    const other = typeof output.dims[axis] !== 'number' && axis === 1 ? channels : output.dims[axis];
    return typeof dim !== 'number' || typeof other !== 'number' || dim === other;
  });
}
