import { AsyncDiffError } from '../common/errors/index.js';
import { DEFAULT_MAX_ERROR, type PlannedSettings } from '../common/settings/index.js';
import type { Halves } from '../program/index.js';
import { batchParts } from './batch-parts.js';
import { type Choice, type ChoiceSubject, choosePlan } from './choice/index.js';
import { clusterOf } from './cluster.js';
import { coarseMachines } from './coarse-links.js';
import { measure } from './measure.js';
import { checkMemory, partMemory } from './memory.js';
import { hostCopyOf } from './model/index.js';
import { componentsAsked, recomputeOf } from './plan.js';
import type { PlanRequest } from './plan.js';
import { readCalibration } from './read-calibration.js';
import type { OnPlanningProgress } from './planning-progress.js';
import type { CostGraph } from './search/index.js';

/** Settings in which the choice has been made. */
export type FixedSettings = PlannedSettings & { readonly stride: number; readonly stepParallel: number };

/** What `choosePlan` throws where nothing within a bound can be. */
const GIVE_WAY: ReadonlySet<string> = new Set(['invalid_settings', 'partition_impossible']);
/** A job as most are, where a plan is asked for without one. */
const USUAL_STEPS = 50;
const USUAL_GUIDANCE = 2;

/**
 * The settings with what a bound on the error leaves to the planner chosen, once per plan; as they are without a bound.
 * @throws AsyncDiffError as `choosePlan` does
 */
export async function chosenConfiguration(
  request: PlanRequest,
  onProgress: OnPlanningProgress,
): Promise<{ readonly settings: FixedSettings; readonly choice: Choice | undefined }> {
  const { settings } = request;
  if (settings.maxError === 'off') return { settings: unchosen(settings), choice: undefined };
  if (isForOne(request)) return { settings: forOne(settings), choice: undefined };
  try {
    const choice = request.choice ?? (await choose({ ...request, ...coarseMachines(request) }, onProgress));
    return { settings: withChoice(settings, choice), choice };
  } catch (thrown) {
    const error = AsyncDiffError.from(thrown);
    // The usual bound gives way where the predictor fits the workers in more parts only, and what cannot be at all is told by who cuts it.
    const givesWay = settings.maxError === 'auto' && GIVE_WAY.has(error.code);
    if (!givesWay) throw error;
    return { settings: unchosen(settings), choice: undefined };
  }
}

/** The fixed values of what was left open. */
function unchosen(settings: PlannedSettings): FixedSettings {
  const { stride, stepParallel } = settings;
  return {
    ...settings,
    stride: stride === 'auto' ? 1 : stride,
    stepParallel: stepParallel === 'auto' ? 1 : stepParallel,
  };
}

/** Whether there is one worker, and nothing asks for a cut: every step runs in order, without error. */
export function isForOne({ settings, workers }: Pick<PlanRequest, 'settings' | 'workers'>): boolean {
  const { stepParallel, guidanceSplit } = settings;
  const asked = componentsAsked(settings);
  return (
    workers.length === 1 &&
    (asked === 'auto' || asked === 1) &&
    (stepParallel === 'auto' || stepParallel === 1) &&
    guidanceSplit !== 'on'
  );
}

function forOne(settings: PlannedSettings): FixedSettings {
  const { lag, maxError } = settings;
  return {
    ...unchosen(settings),
    components: 1,
    lag: lag === 'auto' ? 1 : lag,
    guidanceSplit: 'off',
    maxError: boundText(maxError),
  };
}

/** As reports have it: a number in place of `auto`. */
function boundText(maxError: string): string {
  return maxError === 'auto' ? String(DEFAULT_MAX_ERROR) : maxError;
}

/** The settings of a choice, whether it was made now or before. */
export function withChoice(settings: PlannedSettings, { chosen }: Choice): FixedSettings {
  const { halves, components, stride, stepParallel, lag, shape = settings.shape } = chosen;
  return {
    ...settings,
    maxError: boundText(settings.maxError),
    components,
    guidanceSplit: halves === 2 ? 'on' : 'off',
    stride,
    stepParallel,
    lag,
    // Another shape would look ahead otherwise, and have another error.
    shape: settings.cuts.length === 0 ? shape : settings.shape,
  };
}

async function choose(request: PlanRequest, onProgress: OnPlanningProgress): Promise<Choice> {
  const { settings, batchRepeat, workers } = request;
  const { stepParallel } = settings;
  const withHalves = (halves: Halves): PlannedSettings => ({
    ...settings,
    guidanceSplit: halves === 2 ? 'on' : 'off',
    stepParallel: halves === 2 ? 1 : stepParallel,
  });
  const parts = (halves: Halves): number => batchParts(withHalves(halves), batchRepeat).parts;
  const graphs = new Map<Halves, CostGraph | string>();
  const asked = settings.guidanceSplit;
  const guided = batchRepeat === 2;
  if (asked !== 'on')
    graphs.set(1, (await measure({ ...request, settings: withHalves(1) }, onProgress)).graph);
  if (asked === 'on' || (asked === 'auto' && guided && workers.length > 1))
    graphs.set(2, await halfGraph({ ...request, settings: withHalves(2) }, onProgress));
  onProgress({ stage: 'cut', fraction: 0 });
  const device = request.device ?? 'cpu';
  return choosePlan({
    settings,
    subject: request.subject ?? usualSubject(guided),
    calibration: request.source.kind === 'model' ? await readCalibration(request.source.modelPath) : [],
    namedComponents: settings.cuts.length === 0 ? undefined : namedComponents(settings),
    guided,
    workers,
    graphs,
    parts,
    clusterFor: (placement) => clusterOf(request, placement, latentBytes(graphs, parts) / batchRepeat),
    search: {
      cuts: settings.cuts,
      shape: settings.shape,
      laggedCut: settings.laggedCut === 'auto' ? undefined : settings.laggedCut,
      wireDtype: settings.wireDtype,
      widensHalf: device.startsWith('cpu'),
      hostCopy: hostCopyOf(device),
      recomputeShare: recomputeOf(settings) === 'off' ? 0 : undefined,
    },
    refusal: (graph, sessions, placement) => {
      if (request.source.kind === 'profile') return undefined;
      try {
        checkMemory(partMemory(graph, sessions, device), placement, workers);
        return undefined;
      } catch (error) {
        return AsyncDiffError.from(error).rawMessage;
      }
    },
  });
}

/** The costs of half a batch; why there are none, as where a model's batch is fixed. */
async function halfGraph(request: PlanRequest, onProgress: OnPlanningProgress): Promise<CostGraph | string> {
  try {
    return (await measure(request, onProgress)).graph;
  } catch (thrown) {
    const error = AsyncDiffError.from(thrown);
    if (error.code === 'internal') throw error;
    return error.rawMessage;
  }
}

/** Of the whole batch. */
function latentBytes(
  graphs: ReadonlyMap<Halves, CostGraph | string>,
  parts: (halves: Halves) => number,
): number {
  for (const [halves, graph] of graphs)
    if (typeof graph === 'object') return (graph.values.get(graph.sampleInput)?.bytes ?? 0) * parts(halves);
  return 0;
}

function namedComponents(settings: PlannedSettings): number | undefined {
  const asked = componentsAsked(settings);
  return asked === 'auto' ? undefined : asked;
}

function usualSubject(guided: boolean): ChoiceSubject {
  return {
    steps: USUAL_STEPS,
    calls: USUAL_STEPS,
    family: 'ode',
    worthwhile: true,
    guidanceScale: guided ? USUAL_GUIDANCE : 1,
    schedule: { warmUp: 'auto', end: 'auto', inOrder: [], timeShift: false, tolerance: 'auto' },
  };
}
