import { AsyncDiffError } from '../errors/index.js';
import { choice, names, real, toggle, whole } from './kinds.js';
import { errorBound } from './error-bound.js';
import { LIMITS } from './limits.js';
import { entriesOf, type OptionsOf, outOfRange, resolveRows, type SettingRow, type ValuesOf } from './row.js';

/** N and S are placed and simulated before anything runs: more than any cluster has, and planned within memory. */
const MAX_COMPONENTS = 64;
const MAX_STRIDE = 64;
/** T. diffusers' schedules have 1,000 training steps. */
export const MAX_STEPS = 1_000;
/** Calls of the predictor: some samplers make two a step. */
const MAX_CALLS = 2 * MAX_STEPS;
const MAX_WORKERS = 1_024;
const MAX_MICRO_CUTS = 16;
const MAX_MICRO_BATCHES = 64;
/** What stands for `auto` where 0 is a value. */
const AUTO_ON_WIRE = 2 ** 32 - 1;
const MIN_TOLERANCE = 1e-4;
/** Of the index of a step. */
const MAX_INDEX_DIGITS = 4;
/** Of the name of a value in a graph. */
const MAX_VALUE_NAME = 1_024;

/** Of what the planner chooses by default. */
const BY_ERROR = 'as --max-error chooses, 1 where it is off';

/** How a setting is written in a benchmark's configuration: a letter before its value, or a word that stands for one value. */
type BenchNotation<T> = { readonly letter: string } | { readonly word: string; readonly means: T };

interface PlanRow<T, S extends 'plan' | 'run'> extends SettingRow<T> {
  /** `plan`: another value is another plan. `run`: the same plan serves. */
  readonly scope: S;
  readonly bench?: BenchNotation<NoInfer<T>>;
}

const row = <T, S extends 'plan' | 'run'>(fields: PlanRow<T, S>): PlanRow<T, S> => Object.freeze(fields);

/**
 * How the noise predictor is spread over the workers, one row per setting. Everything that takes, checks, prints or sends a plan setting
 * derives from this table: flags and environment, the library's options, messages, the benchmark's configurations, reports and
 * docs/reference/settings.md. A new setting is a row here, a line in `PlanSettings` of coordinator.proto, and the place where it acts.
 */
export const PLAN_SETTINGS = Object.freeze({
  /** N. `auto`: as `maxError` chooses; one per worker where it is off. */
  components: row({
    kind: whole({ min: 1, max: MAX_COMPONENTS, words: { auto: 0 } }),
    default: 'auto',
    placeholder: 'n',
    help: 'parts of the noise predictor; auto: as --max-error chooses, one per worker where it is off',
    consequence:
      'Up to N times as fast. What a component reads is a round old, so each one more moves the picture further from the sequential one.',
    scope: 'plan',
    bench: { letter: 'n' },
  }),
  /** S. `auto` is left to `maxError`; 1 where that is off. */
  stride: row({
    kind: whole({ min: 1, max: MAX_STRIDE, words: { auto: 0 } }),
    default: 1,
    defaultText: BY_ERROR,
    placeholder: 's',
    help: 'steps finished per round; auto: as --max-error chooses, 1 where it is off',
    consequence:
      'Components 1 to N-1 run once for S steps: faster, and further from the sequential picture. The S runs of component N use S workers where there are so many.',
    scope: 'plan',
    bench: { letter: 's' },
  }),
  /** Workers that hold the whole predictor, and steps of a round. */
  stepParallel: row({
    kind: whole({ min: 1, max: MAX_STRIDE, words: { auto: 0 } }),
    default: 1,
    defaultText: BY_ERROR,
    placeholder: 'w',
    help: 'hold the whole predictor on w workers, each computing one of w steps a round, on predicted latents; 1: off; auto: as --max-error chooses',
    consequence:
      'Nothing but latents travels: for links too slow for boundary tensors. Every worker needs the memory of the whole predictor; each one more moves the picture further from the sequential one. Not with components.',
    scope: 'plan',
    bench: { letter: 'p' },
  }),
  /** Whether the two halves of classifier-free guidance are computed by workers of their own. `auto` is left to `maxError`, and off where that is. */
  guidanceSplit: row({
    kind: choice(['auto', 'on', 'off']),
    default: 'auto',
    placeholder: 'on|off',
    help: 'on: the conditional and the unconditional half of the batch on workers of their own (2 N of them); auto: as --max-error chooses, off where it is',
    consequence:
      'Exact: nothing becomes stale, and on CPU the bits are those of the unsplit run. Up to twice as fast, steps in order too. Needs guidance.',
    scope: 'plan',
    bench: { word: 'g', means: 'on' },
  }),
  /** The highest acceptable error, within which the planner takes what is fastest. Off where something of the program is named: {@link namesProgram}. */
  maxError: row({
    kind: errorBound(),
    default: 'auto',
    placeholder: 'error',
    help: 'let the planner choose what is left open (components, stride, lag, guidance split, step-parallel): the fastest whose predicted error, latent MSE over variance (1e-5) or PSNR (60dB), is within this; auto: 1.5e-5, and off where components, stride, lag or another setting of the program is named',
    consequence:
      'The one dial between speed and nearness to the picture of one worker. Errors are predicted by steps, sampler, guidance and how far the plan looks ahead (docs/quality.md). What is given explicitly is kept; what cannot be within the bound is refused. off: one component per worker, stride 1. A report has what was chosen, and a coordinator chooses the same for the same job on the same workers and links.',
    scope: 'plan',
  }),
  /** Whether components compute for the step at which their output is read, on predicted latents. */
  lookAhead: row({
    kind: choice(['on', 'off']),
    default: 'on',
    placeholder: 'on|off',
    help: 'on: components compute ahead, on predicted latents, for the step at which they are read; off: AsyncDiff as published',
    consequence:
      'on is nearer to the sequential picture by factors of 10 to 10,000 at the same speed (docs/quality.md); off repeats runs of the published method.',
    scope: 'plan',
    bench: { word: 'a', means: 'off' },
  }),
  /** w. `auto`: by steps, components and sampler; see scheduleOf. */
  warmUp: row({
    kind: whole({ min: 1, max: MAX_CALLS, words: { auto: 0 } }),
    default: 'auto',
    placeholder: 'w',
    help: 'leading steps that run in order, without stale inputs; auto: 1 to 3, or all where there are 5 or fewer',
    consequence:
      'Steps in order are as slow as on one worker, and exact. At most num_inference_steps, and then the run is the sequential one.',
    scope: 'run',
    bench: { letter: 'w' },
  }),
  /** Steps at the end that run in order. `auto`: by steps, components and sampler; see scheduleOf. */
  end: row({
    kind: whole({ min: 0, max: MAX_CALLS, words: { auto: AUTO_ON_WIRE } }),
    default: 'auto',
    placeholder: 'e',
    help: 'steps at the end that run in order; auto: 0 to 2 with look-ahead, 0 without',
    consequence:
      'The last steps decide fine detail: one of them in order does more for the picture than one more at the beginning. As slow as on one worker.',
    scope: 'run',
    bench: { letter: 'e' },
  }),
  /** Further steps that run in order, by their 0-based index. */
  inOrder: row({
    kind: names({ maxCount: MAX_CALLS, maxLength: MAX_INDEX_DIGITS }),
    default: [],
    placeholder: 'step',
    help: 'run this step in order too, counted from 0 (repeatable)',
    consequence:
      'As slow as on one worker, and exact. A report names the steps that ran so: to repeat a run.',
    scope: 'run',
  }),
  /** Drift of the predicted latents above which a step is made in order. */
  tolerance: row({
    kind: real({ min: MIN_TOLERANCE, max: 10, words: { auto: undefined, off: 0 } }),
    default: 'auto',
    placeholder: 'drift',
    help: 'make a step in order where the latents are further from their prediction than this, relative to their size; auto: by sampler, components and guidance',
    consequence:
      'The dial between speed and error where guidance is high or steps are large. auto: 0.03, but under guidance g no more than 0.15 / g / (1 + rounds ahead); 0.05 for flow matching with two components, where it goes down from guidance 4.5 on; 0.1 for samplers that draw fresh noise; 0.015 / rounds ahead in early steps from three components on, of flow matching or of fewer than 20 steps (docs/quality.md). Only with look-ahead.',
    scope: 'run',
    bench: { letter: 't' },
  }),
  /** What steps in order for `tolerance` may cost, as a share of the speed. */
  maxSpeedLoss: row({
    kind: real({ min: 0, max: 1 }),
    default: 1,
    placeholder: 'share',
    help: 'the share of the predicted speed that steps in order for --tolerance may cost',
    consequence: 'At 0.25 the run is at most a quarter slower; what drifts after that is not caught.',
    scope: 'run',
  }),
  /** AsyncDiff's `time_shift`. */
  timeShift: row({
    kind: toggle(),
    default: false,
    placeholder: 'on|off',
    help: "AsyncDiff's time_shift: timesteps of one step earlier in asynchronous rounds",
    consequence: 'Costs nothing. Nearer to the sequential picture with some models, further with others.',
    scope: 'run',
  }),
  /** Values that end a component, in order of execution; they say how many components there are. */
  cuts: row({
    kind: names({ maxCount: MAX_COMPONENTS, maxLength: MAX_VALUE_NAME }),
    default: [],
    flag: 'cut',
    placeholder: 'value',
    help: 'end a component with the node that makes this value (repeatable); with --shape u-shaped the first ends the head',
    consequence:
      'Pins the cut, and so the bits of the picture; the planner chooses nothing but placement and micro-cuts.',
    scope: 'plan',
  }),
  /** Where the cuts may lie. */
  shape: row({
    kind: choice(['auto', 'sequential', 'u-shaped']),
    default: 'auto',
    placeholder: 'shape',
    help: 'where the cuts may lie; u-shaped: head and tail of the predictor on one worker',
    consequence:
      "u-shaped keeps a U-Net's largest skip connections on one worker, and fresh: fewer bytes a round.",
    scope: 'plan',
  }),
  /** Sessions per component, at most. */
  microCuts: row({
    kind: whole({ min: 1, max: MAX_MICRO_CUTS, words: { auto: 0 } }),
    default: 'auto',
    placeholder: 'm',
    help: 'sessions per component; auto: 1 to 4, what gives the shortest round',
    consequence:
      'A tensor is sent when the session that makes it returns: hides transfers. Each session costs about 0.2 ms a run.',
    scope: 'plan',
    bench: { letter: 'm' },
  }),
  /** M, parts of the batch (images, twice that with guidance) that are computed one after another. */
  microBatches: row({
    kind: whole({ min: 1, max: MAX_MICRO_BATCHES }),
    default: 1,
    placeholder: 'm',
    help: 'compute the batch in m parts, one after another: warm-up steps run as a pipeline',
    consequence:
      'A part travels while the next is computed, and steps in order use all workers. Must divide the batch (images, twice that with guidance).',
    scope: 'plan',
    bench: { letter: 'b' },
  }),
  /** Rounds between making and reading what crosses one ring cut. */
  lag: row({
    kind: choice([1, 2, 'auto']),
    default: 1,
    defaultText: BY_ERROR,
    placeholder: 'l',
    help: '2: one ring cut is two rounds old, which hides transfers; auto: the faster',
    consequence:
      'With 2 all transfers are hidden behind computing; what crosses the cut is staler by one round.',
    scope: 'plan',
    bench: { letter: 'l' },
  }),
  /** With lag 2, the ring cut that lags. */
  laggedCut: row({
    kind: whole({ min: 0, max: MAX_COMPONENTS, words: { auto: AUTO_ON_WIRE } }),
    default: 'auto',
    placeholder: 'c',
    help: 'with --lag 2, the cut that lags: behind component c, or 0 behind the head of a U-shape; auto: where it gives the shortest round',
    consequence: 'Another cut gives other bits. A report names the one that was chosen: to repeat a run.',
    scope: 'plan',
  }),
  /** What float32 boundary tensors are between workers. */
  wireDtype: row({
    kind: choice(['float32', 'float16']),
    default: 'float32',
    placeholder: 'dtype',
    help: 'element type of float32 tensors between workers',
    consequence: 'float16 halves the bytes and rounds what is sent to 11 bits.',
    scope: 'plan',
    bench: { word: 'f16', means: 'float16' },
  }),
  /** Whether what one node makes from the latents (a U-Net's conv_in) is computed where it is read. */
  recompute: row({
    kind: choice(['auto', 'on', 'off']),
    default: 'auto',
    placeholder: 'on|off',
    help: "on: a U-Net's conv_in is computed by every component that reads it, and fresh there; off: sent, as in the paper; auto: off with --cut, on without",
    consequence:
      'on saves the largest skip connection its way, at the cost of one convolution in each component that reads it.',
    scope: 'plan',
  }),
  /** Whether the predictor is cut again on the times that its workers measure. `auto`: where they are not all one device of one machine. */
  recut: row({
    kind: choice(['auto', 'on', 'off']),
    default: 'auto',
    placeholder: 'on|off',
    help: 'on: workers time their parts before the first job, and where these take other times than planned the predictor is cut again, three times at most; auto: on where workers are on several machines or devices, off with --cut',
    consequence:
      'Unlike devices get parts that they compute in equal times, without --speed. Done once and then remembered for model, size, devices and settings; another cut gives other bits, and a report names it. off: bits depend on no measured time.',
    scope: 'plan',
  }),
  /** How boundary tensors travel between workers. */
  dataPath: row({
    kind: choice(['direct', 'relay']),
    default: 'direct',
    placeholder: 'path',
    help: 'between workers: direct, or relayed by the coordinator',
    consequence:
      'relay needs no connection between workers; every tensor then travels twice, through the coordinator.',
    scope: 'plan',
    bench: { word: 'r', means: 'relay' },
  }),
  /** ONNX Runtime's `graphOptimizationLevel`. */
  optimizationLevel: row({
    kind: choice(['basic', 'extended', 'all']),
    default: 'extended',
    placeholder: 'level',
    help: "ONNX Runtime's graph optimisations",
    consequence: 'all may be faster on CPU, and is then not equal to the uncut model bit for bit.',
    scope: 'plan',
  }),
  /** Workers to use, the fastest first. `auto`: all there are. */
  maxWorkers: row({
    kind: whole({ min: 1, max: MAX_WORKERS, words: { auto: 0 } }),
    default: 'auto',
    placeholder: 'k',
    help: 'use at most k of the workers, the fastest first; auto: all',
    consequence: 'Leaves the others idle: jobs of one coordinator run one after another.',
    scope: 'run',
  }),
  /** Names of the workers to use, in the order in which they hold the components. Empty: those there are, the fastest first. */
  useWorkers: row({
    kind: names({ maxCount: MAX_WORKERS, maxLength: LIMITS.workerNameLength.max }),
    default: [],
    flag: 'use-worker',
    placeholder: 'name',
    help: 'use the worker of this name, and no other that is not named (repeatable); the first one holds component 1',
    consequence:
      'Pins the placement, for machines that are not alike and to repeat a run. Names that are not registered are left out; with none of them the job is refused.',
    scope: 'run',
  }),
});

type Table = typeof PLAN_SETTINGS;
type OfPlan = { [K in keyof Table]: Table[K]['scope'] extends 'plan' ? K : never }[keyof Table];

/** How the noise predictor is spread over the workers, with nothing left open but what says `auto`. */
export type PlanSettings = ValuesOf<Table>;
/** The same, of which anything may be left out. */
export type PlanOptions = OptionsOf<Table>;
/** Those that a plan is made from: another value of one of them is another plan. */
export type PlannedSettings = Pick<PlanSettings, OfPlan>;
/** Settings with every `auto` replaced by what was chosen. */
export type Chosen<S> = { readonly [K in keyof S]: Exclude<S[K], 'auto'> };

/**
 * The one check and the one place of defaults for plan settings, whichever door they came through.
 * `numInferenceSteps`: steps of the job (calls of the predictor, where a sampler makes two a step), where they are known.
 *
 * @throws AsyncDiffError `invalid_settings` with flag, environment name, range and what was given.
 */
export function resolvePlanSettings(
  options: PlanOptions = {},
  { numInferenceSteps = MAX_CALLS }: { readonly numInferenceSteps?: number } = {},
): PlanSettings {
  const settings = inStepParallel(withChoices(resolveRows(PLAN_SETTINGS, options), options));
  const { warmUp } = settings;
  if (warmUp !== 'auto' && warmUp > numInferenceSteps) {
    throw outOfRange(
      'warmUp',
      PLAN_SETTINGS.warmUp,
      warmUp,
      `a whole number from 1 to num_inference_steps (${numInferenceSteps})`,
    );
  }
  checkSteps(settings, numInferenceSteps);
  return settings;
}

/** What the planner chooses where it may; with fixed values the job is the same in every version. */
const CHOSEN_BY_ERROR = { stride: 'auto', stepParallel: 'auto', lag: 'auto' } as const;
const WITHOUT_CHOICE = { stride: 1, stepParallel: 1 } as const;

/** Settings that say what a job computes. */
const OF_PROGRAM = [
  'components',
  'stride',
  'stepParallel',
  'guidanceSplit',
  'cuts',
  'shape',
  'lag',
  'laggedCut',
  'warmUp',
  'end',
  'inOrder',
] as const satisfies readonly (keyof PlanOptions)[];

/** Whether something of the program is named. Then nothing is chosen, unless a bound on the error is named too: the job runs as its settings say. */
export function namesProgram(options: PlanOptions): boolean {
  const { lookAhead, timeShift, microBatches = 1 } = options;
  const isNamed = (value: unknown): boolean =>
    value !== undefined && value !== 'auto' && !(Array.isArray(value) && value.length === 0);
  return (
    OF_PROGRAM.some((name) => isNamed(options[name])) ||
    lookAhead === 'off' ||
    timeShift === true ||
    microBatches > 1
  );
}

/** With a bound on the error, what is left out is left to the planner; without one, `auto` of what it would choose is the fixed value. */
function withChoices(given: PlanSettings, options: PlanOptions): PlanSettings {
  const isOff = options.maxError === undefined && namesProgram(options);
  const settings = isOff ? Object.freeze({ ...given, maxError: 'off' }) : given;
  if (settings.maxError === 'off') {
    const fixed = entriesOf(WITHOUT_CHOICE).filter(([name]) => settings[name] === 'auto');
    return fixed.length === 0 ? settings : Object.freeze({ ...settings, ...Object.fromEntries(fixed) });
  }
  const open = entriesOf(CHOSEN_BY_ERROR).filter(([name]) => options[name] === undefined);
  return Object.freeze({ ...settings, ...Object.fromEntries(open) });
}

/** Step-parallel is one component whose replicas take a step each: stride W. */
function inStepParallel(settings: PlanSettings): PlanSettings {
  const { stepParallel, components, stride, cuts, shape, lookAhead } = settings;
  if (stepParallel === 1 || stepParallel === 'auto') return settings;
  const refuse = (why: string, hint: string): AsyncDiffError =>
    new AsyncDiffError('invalid_settings', `step_parallel is ${stepParallel}, ${why}`, { hint });
  if (components !== 'auto' && components !== 1)
    throw refuse(
      `which holds the whole predictor on every worker, and components is ${components}, which cuts it`,
      'Leave --components out, or --step-parallel.',
    );
  if (cuts.length > 0 || shape === 'u-shaped')
    throw refuse(
      'and cut or shape ask for a cut predictor',
      'Leave --cut and --shape out, or --step-parallel.',
    );
  if (stride !== 1 && stride !== 'auto' && stride !== stepParallel)
    throw refuse(
      `which is the number of steps a round, and stride is ${stride}`,
      'Leave --stride out: a round has as many steps as --step-parallel says.',
    );
  if (lookAhead === 'off')
    throw refuse('and look_ahead is off: nothing predicts the latents', 'Leave --look-ahead off out.');
  return Object.freeze({ ...settings, components: 1, stride: stepParallel });
}

function checkSteps({ end, inOrder, timeShift, lookAhead }: PlanSettings, numInferenceSteps: number): void {
  if (end !== 'auto' && end > numInferenceSteps)
    throw outOfRange(
      'end',
      PLAN_SETTINGS.end,
      end,
      `a whole number from 0 to num_inference_steps (${numInferenceSteps})`,
    );
  const outside = inOrder.find((step) => !/^\d+$/.test(step) || Number(step) >= numInferenceSteps);
  if (outside !== undefined)
    throw outOfRange(
      'inOrder',
      PLAN_SETTINGS.inOrder,
      outside,
      `the index of a step, 0 to ${numInferenceSteps - 1}`,
    );
  if (timeShift && lookAhead === 'on') {
    throw new AsyncDiffError(
      'invalid_settings',
      'time_shift gives components the timestep of another step, and look_ahead that of their own',
      { hint: 'Use --look-ahead off with --time-shift.' },
    );
  }
}

/** Those of the settings that a plan is made from. */
export function plannedSettings(settings: PlannedSettings): PlannedSettings {
  const kept = entriesOf(PLAN_SETTINGS)
    .filter(([, { scope }]) => scope === 'plan')
    .map(([name]) => [name, (settings as PlanSettings)[name]]);
  return Object.fromEntries(kept) as PlannedSettings;
}

/**
 * Settings as a job ran with them.
 * @throws AsyncDiffError `protocol_mismatch` where one still says `auto`.
 */
export function chosenSettings(settings: PlanSettings): Chosen<PlanSettings> {
  const open = entriesOf(settings).find(([, value]) => value === 'auto');
  if (open !== undefined)
    throw new AsyncDiffError('protocol_mismatch', `the report does not say what was chosen for ${open[0]}`);
  return settings as Chosen<PlanSettings>;
}
