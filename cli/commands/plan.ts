import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { PlanDocument } from '../../client/index.js';
import { AsyncDiffError } from '../../common/errors/index.js';
import { resolvePlanSettings } from '../../common/settings/index.js';
import { describeModel, type InputShapes } from '../../planner/model/index.js';
import { Pipeline } from '../../coordinator/pipeline/index.js';
import { defaultWorkDir, formatPlan, planInProcess, type PlanSource } from '../../planner/index.js';
import { flag } from '../flag.js';
import { type CommandIo, writeJson } from '../io.js';
import { collect } from '../numbers.js';
import { addPlanFlags, type PlanFlags, toPlanOptions } from '../plan-flags.js';
import { planWorkers } from '../reference-run.js';

export interface PlanCommandFlags extends PlanFlags {
  readonly model: string;
  readonly inputShape?: string[];
  readonly cache?: string;
  readonly json?: boolean;
}

/** What a plan without a cluster is cut into. */
const DEFAULTS = { components: 2 } as const;
/** With classifier-free guidance the predictor's batch is twice the images. */
const GUIDED_BATCH = 2;

export function register(command: Command, io: CommandIo): void {
  command.requiredOption('--model <dir|file>', 'model folder, or a noise predictor as an ONNX file');
  addPlanFlags(command, { scope: 'plan', defaults: DEFAULTS })
    .option(
      '--input-shape <name=1,2,3>',
      'shape of an input that the model leaves open (repeatable)',
      collect,
    )
    .addOption(flag('--cache <dir>', 'folder for plans and segments'))
    .option('--json', 'print one JSON document')
    .action((flags: PlanCommandFlags) => run(flags, io));
}

export async function run(flags: PlanCommandFlags, io: CommandIo): Promise<void> {
  const source = await openModel(flags);
  const { modelPath } = source;
  const settings = resolvePlanSettings({ ...DEFAULTS, ...toPlanOptions(flags) });
  const plan = await planInProcess(
    {
      source,
      settings,
      workers: planWorkers(settings),
      links: [],
      batchRepeat: GUIDED_BATCH,
      workDir: flags.cache === undefined ? defaultWorkDir() : join(flags.cache, 'plans'),
      threads: 1,
    },
    { signal: io.signal },
  );
  const document = formatPlan(plan) satisfies PlanDocument;
  if (flags.json === true) {
    writeJson(io, { ...document, model: modelPath });
    return;
  }
  io.stdout.write(
    `${modelPath}: ${document.components.length} components, ${document.shape}, ${document.micro_cuts} session(s) each at most\n`,
  );
  for (const part of document.components) {
    io.stdout.write(
      `component ${part.component}: ${(part.share * 100).toFixed(1)} % of the compute (${part.cost_ms.toFixed(2)} ms), ${part.nodes} nodes, ${(part.weight_bytes / 1e6).toFixed(1)} MB of weights\n`,
    );
    for (const value of part.recomputes)
      io.stdout.write(`  computes ${value} again from the latents: fresh, not sent\n`);
    for (const { name, from, shape, dtype, bytes, lag } of part.receives) {
      io.stdout.write(
        `  receives ${name} from ${from}: ${dtype} [${shape.join(',')}], ${(bytes / 1e3).toFixed(1)} kB, ${lag} round${lag === 1 ? '' : 's'} old\n`,
      );
    }
  }
  io.stdout.write(
    `between workers ${(document.bytes_per_round / 1e6).toFixed(3)} MB a round (broadcasting every module: ${(document.broadcast_bytes_per_round / 1e6).toFixed(1)} MB)\n`,
  );
  io.stdout.write(`predicted round ${document.predicted_period_ms.toFixed(2)} ms\n`);
}

async function openModel(flags: PlanCommandFlags): Promise<Extract<PlanSource, { kind: 'model' }>> {
  const given = parseShapes(flags.inputShape ?? []);
  if ((await stat(flags.model).catch(() => undefined))?.isDirectory() !== true)
    return {
      kind: 'model',
      modelPath: flags.model,
      inputShapes: { ...guessShapes(flags.model), ...given },
    };
  const pipeline = await Pipeline.open(flags.model, { threads: 1 });
  try {
    const { inputShapes, job } = await pipeline.begin({ prompt: '', guidanceScale: GUIDED_BATCH });
    return {
      kind: 'model',
      modelPath: pipeline.predictorPath,
      adaptation: job.adaptation,
      inputShapes: { ...inputShapes, ...given },
    };
  } finally {
    await pipeline.close();
  }
}

/** A batch of two wherever nothing but the batch is open. */
function guessShapes(modelPath: string): InputShapes {
  const { inputs, sample } = describeModel(modelPath);
  const shapes: Record<string, readonly number[]> = {};
  for (const { name, dims } of inputs) {
    const [batch, ...rest] = dims;
    if (typeof batch === 'string' && rest.length > 0 && rest.every((dim) => typeof dim === 'number')) {
      shapes[name === sample.name ? 'sample' : name] = [GUIDED_BATCH, ...rest];
    }
  }
  return shapes;
}

function parseShapes(given: readonly string[]): InputShapes {
  return Object.fromEntries(
    given.map((text) => {
      const [, name, list] = /^([^=]+)=(\d+(?:,\d+)*)$/.exec(text) ?? [];
      if (name === undefined || list === undefined)
        throw new AsyncDiffError('usage', `--input-shape takes NAME=1,2,3, not "${text}"`);
      return [name, list.split(',').map(Number)];
    }),
  );
}
