import { AsyncDiffError } from '../common/errors/index.js';
import { DEFAULT_MAX_ERROR, type PlannedSettings } from '../common/settings/index.js';
import type { Halves } from '../program/index.js';
import { batchParts } from './batch-parts.js';
import { type Choice, type ChoiceSubject, choosePlan } from './choice/index.js';
import { clusterOf } from './cluster.js';
import { measure } from './measure.js';
import { checkMemory, partMemory } from './memory.js';
import { hostCopyOf } from './model/index.js';
import { componentsAsked, recomputeOf } from './plan.js';
import type { PlanRequest } from './plan.js';
import type { OnPlanningProgress } from './planning-progress.js';
import type { CostGraph } from './search/index.js';

/** Settings in which the choice has been made. */
export type FixedSettings = PlannedSettings & { readonly stride: number; readonly stepParallel: number };

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
  const { settings, batchRepeat, workers } = request;
  const { stride, stepParallel } = settings;
  if (settings.maxError === 'off')
    return {
      settings: {
        ...settings,
        stride: stride === 'auto' ? 1 : stride,
        stepParallel: stepParallel === 'auto' ? 1 : stepParallel,
      },
      choice: undefined,
    };
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
  const choice = choosePlan({
    settings,
    subject: request.subject ?? usualSubject(guided),
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
  const {
    halves,
    components,
    stride: steps,
    stepParallel: ways,
    lag,
    shape = settings.shape,
  } = choice.chosen;
  return {
    settings: {
      ...settings,
      maxError: settings.maxError === 'auto' ? String(DEFAULT_MAX_ERROR) : settings.maxError,
      components,
      guidanceSplit: halves === 2 ? 'on' : 'off',
      stride: steps,
      stepParallel: ways,
      lag,
      // Another shape would look ahead otherwise, and have another error.
      shape: settings.cuts.length === 0 ? shape : settings.shape,
    },
    choice,
  };
}

/** The costs of half a batch; why there are none where a model's batch is fixed. */
async function halfGraph(request: PlanRequest, onProgress: OnPlanningProgress): Promise<CostGraph | string> {
  try {
    return (await measure(request, onProgress)).graph;
  } catch (thrown) {
    const error = AsyncDiffError.from(thrown);
    if (error.code !== 'invalid_settings' || request.settings.guidanceSplit !== 'on') throw error;
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
