import { join } from 'node:path';
import type { FileState } from '../common/model-file/index.js';
import { plannedSettings } from '../common/settings/index.js';
import {
  exportSegments,
  hostCopyOf,
  type ModelTensors,
  type PreparedModel,
  type SegmentArtifact,
} from './model/index.js';
import type { ValueSpec } from '../common/tensor/index.js';
import type { CostGraph } from './search/index.js';
import type { Partition, Placement } from '../program/index.js';
import { chosenConfiguration, type FixedSettings } from './chosen-configuration.js';
import { hashOf } from './hashing.js';
import { measure } from './measure.js';
import { chooseSettings } from './simulator/index.js';
import { clusterOf } from './cluster.js';
import { coarseMachines } from './coarse-links.js';
import { placeComponents } from '../program/index.js';
import { calibrated } from './calibrated.js';
import { checkMemory, partMemory } from './memory.js';
import { batchParts } from './batch-parts.js';
import { componentsAsked, recomputeOf } from './plan.js';
import type { Artifact, Plan, PlanRequest } from './plan.js';
import type { OnPlanningProgress } from './planning-progress.js';
import { planId, predictorId, programId } from './plan-ids.js';
import { predictionOf } from './prediction.js';
import { segmentSpecs } from './segment-specs.js';
import { sourceFiles } from './source-files.js';

/**
 * Makes a plan: costs the predictor, cuts it for the workers there are, writes each segment as a graph of its own.
 * Blocks its thread while ONNX Runtime works; see `planInProcess` for the one that does not.
 */
export async function makePlan(
  request: PlanRequest,
  onProgress: OnPlanningProgress = () => undefined,
): Promise<Plan> {
  const { settings, choice } = await chosenConfiguration(request, onProgress);
  return { ...(await planFor({ ...request, settings }, onProgress)), choice };
}

async function planFor(
  request: PlanRequest & { readonly settings: FixedSettings },
  onProgress: OnPlanningProgress,
): Promise<Plan> {
  const files = await sourceFiles(request.source);
  const measured = await measure(request, onProgress);
  const { settings } = request;
  const { halves } = batchParts(settings, request.batchRepeat);
  const placement = placeComponents({
    components: componentsAsked(settings),
    stride: settings.stride,
    halves,
    workerIds: request.workers.map(({ id }) => id),
  });
  // The same job on the same machines is cut the same way, whatever the noise of what was measured of their links.
  const coarse = { ...request, ...coarseMachines(request) };
  const { graph, workers, timed } = calibrated(coarse, measured, placement);
  // Other threads read the weights while this one searches.
  const hashing = await hashOf(request, measured.prepared, onProgress);
  onProgress({ stage: 'cut', fraction: 0 });
  const chosen = chooseSettings(graph, searchOptions({ ...coarse, workers }, graph, placement), {
    microCuts: settings.microCuts === 'auto' ? undefined : [settings.microCuts],
    lags: settings.lag === 'auto' ? [1, 2] : [settings.lag],
  });
  const device = request.device ?? 'cpu';
  const memory = measured.prepared === undefined ? [] : partMemory(graph, chosen.sessions, device);
  checkMemory(memory, placement, request.workers);
  const tensors = await hashing?.tensors;
  const exported =
    measured.prepared === undefined || tensors === undefined
      ? undefined
      : exportTo(request.workDir, measured.prepared, tensors, chosen.sessions, device.startsWith('cpu'));
  const specs = segmentSpecs(graph, chosen, exported?.segments);
  const isUnhashed = measured.prepared !== undefined && exported === undefined;
  const plan: Omit<Plan, 'predicted'> = {
    planId: isUnhashed ? '' : planId({ partition: chosen.partition, placement, specs }, settings.lookAhead),
    predictorId:
      measured.prepared === undefined || isUnhashed
        ? ''
        : predictorId(measured.prepared.key, exported?.artifacts),
    programId: programId(chosen.partition, placement, settings),
    partition: chosen.partition,
    placement,
    specs,
    artifacts: exported?.artifacts ?? new Map(),
    sources: unique([...files, ...(exported?.sources ?? [])]),
    memory,
    unknownOperators: measured.prepared?.unknownOperators ?? [],
    inputs: graph.inputs.map(toSpec),
    output: toSpec(graph.values.get(graph.output) as CostGraph['inputs'][number]),
    settings: {
      ...plannedSettings(settings),
      stride: settings.stride,
      stepParallel: settings.stepParallel,
      components: placement.length / halves,
      guidanceSplit: halves === 2 ? 'on' : 'off',
      shape: chosen.partition.shape,
      microCuts: chosen.microCuts,
      lag: chosen.lag,
      laggedCut: chosen.laggedCut ?? 0,
      recompute: recomputeOf(settings),
      recut: timed === undefined ? 'off' : 'on',
    },
    timed,
    declared: measured.prepared === undefined,
    timeDilation: measured.timeDilation,
  };
  return { ...plan, predicted: predictionOf(request, plan) };
}

/** What the search for a cut is asked. */
function searchOptions(
  request: PlanRequest & { readonly settings: FixedSettings },
  graph: CostGraph,
  placement: Placement,
): Parameters<typeof chooseSettings>[1] {
  const { settings, batchRepeat, device = 'cpu' } = request;
  const { halves, parts } = batchParts(settings, batchRepeat);
  const latentBytes = ((graph.values.get(graph.sampleInput)?.bytes ?? 0) * parts) / batchRepeat;
  return {
    components: placement.length / halves,
    cuts: settings.cuts,
    shape: settings.shape,
    laggedCut: settings.laggedCut === 'auto' ? undefined : settings.laggedCut,
    wireDtype: settings.wireDtype,
    widensHalf: device.startsWith('cpu'),
    hostCopy: hostCopyOf(device),
    recomputeShare: recomputeOf(settings) === 'off' ? 0 : undefined,
    microBatches: parts,
    halves,
    stride: settings.stride,
    lookAhead: settings.lookAhead === 'on',
    cluster: clusterOf(request, placement, latentBytes),
  };
}

/** Each file once, as it was when it was looked at first. */
function unique(files: readonly FileState[]): FileState[] {
  return files.filter(({ path }, at) => files.findIndex((one) => one.path === path) === at);
}

interface Exported {
  readonly segments: readonly SegmentArtifact[];
  readonly artifacts: Map<string, Artifact>;
  readonly sources: Plan['sources'];
}

/** The sessions' graphs in a file each, and the tensors that they name, where these lie. */
function exportTo(
  workDir: string,
  prepared: PreparedModel,
  tensors: ModelTensors,
  sessions: Partition,
  widensHalf: boolean,
): Exported {
  const segments = exportSegments(prepared, tensors, sessions, join(workDir, 'segments'), widensHalf);
  const artifacts = new Map<string, Artifact>();
  for (const { sha256, path, sizeBytes, tensors: names } of segments) {
    artifacts.set(sha256, { path, offsetBytes: 0, lengthBytes: sizeBytes, tensors: names });
    for (const name of names) {
      const range = tensors.ranges.get(name);
      if (range !== undefined) artifacts.set(name, { ...range, tensors: [] });
    }
  }
  return { segments, artifacts, sources: tensors.sources };
}

function toSpec({ name, dtype, dims }: ValueSpec): ValueSpec {
  return { name, dtype, dims };
}
