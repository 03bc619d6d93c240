import { basename, resolve } from 'node:path';
import type { Command } from 'commander';
import {
  type BenchConfig,
  type BenchDocument,
  benchDocument,
  type BenchOutcome,
  CONFIG_GRAMMAR,
  describeEnvironment,
  LEAD_IN,
  parseConfigs,
  runBench,
  benchWorkers,
} from '../bench/index.js';
import type { ClusterStatus } from '../../client/index.js';
import { AsyncDiffError } from '../../common/errors/index.js';
import {
  asked,
  type JobOptions,
  type JobSettings,
  type PlanOptions,
  type PlanSettings,
  resolveJobSettings,
  resolvePlanSettings,
} from '../../common/settings/index.js';
import { tellBench } from '../bench-output.js';
import { prepareFolder } from '../output.js';
import { benchWorkload } from '../bench-workload.js';
import { commandLine, coreWarnings, openBenchCluster } from '../bench-cluster.js';
import { addClusterFlags, type ClusterFlags, type OpenCluster } from '../cluster-flags.js';
import { flag } from '../flag.js';
import type { CommandIo } from '../io.js';
import { wholeNumber } from '../numbers.js';
import { addJobFlags, jobOptions } from '../setting-flag.js';
import { addPlanFlags, type PlanFlags, toPlanOptions } from '../plan-flags.js';
import { QUALITY_FORMS, type QualityForm, qualityPrompts } from '../quality-bench/index.js';
import { addSamplerFlags, readSamplerFlags, type SamplerFlags } from '../sampler-flags.js';
import { benchQuality, checkQualityConfigs } from './bench-quality.js';
import { ProgressLine } from '../progress.js';

export interface BenchFlags
  extends ClusterFlags,
    PlanFlags,
    SamplerFlags,
    Pick<JobOptions, 'numInferenceSteps' | 'guidanceScale' | 'seed'> {
  readonly configs?: string;
  readonly quality?: QualityForm;
  readonly prompts?: string;
  readonly calibrate?: boolean;
  readonly repeats: number;
  readonly settleSeconds: number;
  readonly prompt: string;
  readonly model?: string;
  readonly out?: string;
  readonly traceFile?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const DEFAULTS = { numInferenceSteps: 50 } as const;
const DEFAULT_CONFIGS = 'n1s1,n2s1';
const QUALITY_CONFIGS = 'n2s1,n3s1,n4s1';

export function register(command: Command, io: CommandIo): void {
  command
    .addOption(
      flag(
        '--configs <list>',
        `${CONFIG_GRAMMAR}, comma-separated (default: ${DEFAULT_CONFIGS}; with --quality ${QUALITY_CONFIGS})`,
      ),
    )
    .addOption(
      flag(
        '--quality [form]',
        `measure how far pictures are from the sequential ones instead: short (${QUALITY_FORMS.short} pictures) or long (${QUALITY_FORMS.long})`,
      )
        .choices(Object.keys(QUALITY_FORMS))
        .preset('short'),
    )
    .addOption(flag('--prompts <file>', 'with --quality: what to draw, a prompt a line'))
    .addOption(
      flag('--calibrate', "with --quality: keep what was measured in the model's folder, for the planner"),
    )
    .addOption(
      flag('--repeats <r>', 'measured pairs per configuration')
        .argParser(wholeNumber('repeats', 1, 1_000))
        .default(3),
    )
    .addOption(
      flag('--settle-seconds <s>', 'run each configuration for so long, at least once, before its runs count')
        .argParser(wholeNumber('settle-seconds', 0, 3_600))
        .default(10),
    )
    .addOption(flag('--prompt <text>', 'what to draw').default('red apple'))
    .addOption(flag('--model <dir>', 'model folder for local workers (default: the bundled model)'));
  addJobFlags(command, ['numInferenceSteps', 'guidanceScale', 'seed'], DEFAULTS);
  addPlanFlags(addClusterFlags(addSamplerFlags(command, "the model's")), {
    without: ['components', 'stride', 'maxWorkers'],
  })
    .addOption(
      flag(
        '--out <dir>',
        'folder for bench.json, bench.md, bench.svg and bench.png (quality.*, with --quality, which goes on there if it was ended before)',
      ),
    )
    .addOption(
      flag('--trace-file <file>', 'write a timeline of one run of each configuration (opens in Perfetto)'),
    )
    .option('--json', 'print one JSON document')
    .option('--quiet', 'no progress')
    .action((flags: BenchFlags) => run(flags, io));
}

export async function run(flags: BenchFlags, io: CommandIo): Promise<void> {
  const configs = parseConfigs(
    flags.configs ?? (flags.quality === undefined ? DEFAULT_CONFIGS : QUALITY_CONFIGS),
  );
  const plan = toPlanOptions(flags);
  const job = resolveJobSettings({ ...DEFAULTS, ...jobOptions(flags) });
  const numInferenceSteps = asked(job.numInferenceSteps) ?? DEFAULTS.numInferenceSteps;
  const settings = resolvePlanSettings(plan, { numInferenceSteps });
  checkSettings(flags, configs, numInferenceSteps);
  const prompts =
    flags.quality === undefined ? undefined : await qualityPrompts(flags.quality, flags.prompts, job.seed);
  if (flags.out !== undefined) await prepareFolder(flags.out);
  const progress = new ProgressLine(io, flags.quiet === true);
  const cluster = await openBenchCluster(flags, io, configs);
  let timed: TimedBench;
  try {
    const status = await cluster.client.status({ signal: io.signal });
    const warnings = cluster.local === undefined ? [] : coreWarnings(benchWorkers(status));
    const request = { flags, configs, job, numInferenceSteps, cluster, progress, warnings };
    if (prompts !== undefined) {
      const command = commandLine(process.argv.slice(2));
      return await benchQuality({ ...request, prompts, command }, io);
    }
    timed = await benchTimes({ ...request, plan, settings, status }, io);
  } finally {
    progress.clear();
    await cluster.close();
  }
  await tellBench(flags, io, progress, timed.outcome, timed.document);
}

interface TimesRequest {
  readonly flags: BenchFlags;
  readonly configs: readonly BenchConfig[];
  readonly job: JobSettings;
  readonly numInferenceSteps: number;
  /** Of all configurations; `settings` with the defaults. */
  readonly plan: PlanOptions;
  readonly settings: PlanSettings;
  readonly cluster: OpenCluster;
  readonly status: ClusterStatus;
  readonly progress: ProgressLine;
  /** Those that the runs give are added. */
  readonly warnings: string[];
}

interface TimedBench {
  readonly outcome: BenchOutcome;
  readonly document: BenchDocument;
}

/** Times of every configuration, and the document that tells them. */
async function benchTimes(request: TimesRequest, io: CommandIo): Promise<TimedBench> {
  const { flags, configs, job, numInferenceSteps, plan, cluster, status, progress, warnings } = request;
  const { warmUp, timeShift, optimizationLevel } = request.settings;
  const workers = benchWorkers(status);
  const { workload, guidanceScale } = benchWorkload(cluster.client, workers, {
    prompt: flags.prompt,
    seed: job.seed,
    guidanceScale: asked(job.guidanceScale),
    sampler: await readSamplerFlags(flags),
    model: basename(resolve(status.model === '' ? '.' : status.model)),
  });
  const { repeats, settleSeconds } = flags;
  const outcome = await runBench({
    workload,
    configs,
    repeats,
    settleSeconds,
    numInferenceSteps,
    plan,
    workers: workers.length,
    signal: io.signal,
    onProgress: (label, step, steps) => {
      if (io.stderr.isTTY === true) progress.update(label, step, steps);
      // In a log one line for each run is enough.
      else if (step === 0 && label !== LEAD_IN) progress.update(label);
    },
    onWarning: (text) => {
      if (warnings.includes(text)) return;
      warnings.push(text);
      progress.note(`warning: ${text}`);
    },
  });
  const document = await benchDocument({
    outcome,
    settings: {
      workload: workload.label,
      num_inference_steps: numInferenceSteps,
      warm_up: warmUpOf(outcome, warmUp),
      guidance_scale: guidanceScale,
      repeats,
      settle_seconds: settleSeconds,
      seed: job.seed,
      time_shift: timeShift,
      optimization_level: optimizationLevel,
    },
    environment: describeEnvironment(),
    workers,
    coordinatorVersion: status.version,
    command: commandLine(process.argv.slice(2)),
    warnings,
  });
  return { outcome, document };
}

/** As it was asked for, or as the first configuration had it. */
function warmUpOf({ measured }: BenchOutcome, asked: PlanSettings['warmUp']): number {
  return asked === 'auto' ? (measured[0]?.samples[0]?.report.settings.warmUp ?? 0) : asked;
}

function checkSettings(flags: BenchFlags, configs: readonly BenchConfig[], numInferenceSteps: number): void {
  if (flags.quality !== undefined) checkQualityConfigs(configs);
  else if (flags.calibrate === true)
    throw new AsyncDiffError('usage', '--calibrate is for --quality', { hint: 'Add --quality.' });
  else if (flags.prompts !== undefined)
    throw new AsyncDiffError('usage', '--prompts is for --quality', {
      hint: 'Add --quality, or give one --prompt.',
    });
  for (const { plan } of configs) resolvePlanSettings(plan, { numInferenceSteps });
  const cuts = flags.cuts?.length ?? 0;
  if (cuts > 0 && !configs.some(({ plan }) => plan.components === cuts + 1)) {
    throw new AsyncDiffError(
      'usage',
      `${cuts} --cut make ${cuts + 1} components, but no configuration is n${cuts + 1}`,
    );
  }
}
