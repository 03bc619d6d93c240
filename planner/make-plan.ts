import { createHash } from 'node:crypto';
import { join } from 'node:path';
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
import type { Partition } from '../program/index.js';
import { chosenConfiguration, type FixedSettings } from './chosen-configuration.js';
import { hashOf } from './hashing.js';
import { measure } from './measure.js';
import { chooseSettings } from './simulator/index.js';
import { clusterOf } from './cluster.js';
import { type Placement, placeComponents } from '../program/index.js';
import { calibrated } from './calibrated.js';
import { checkMemory, partMemory } from './memory.js';
import { batchParts } from './batch-parts.js';
import { componentsAsked, recomputeOf } from './plan.js';
import type { Artifact, Plan, PlanRequest } from './plan.js';
import type { OnPlanningProgress } from './planning-progress.js';
import { segmentSpecs } from './segment-specs.js';

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
  const measured = await measure(request, onProgress);
  const { settings } = request;
  const { halves, parts } = batchParts(settings, request.batchRepeat);
  const placement = placeComponents({
    components: componentsAsked(settings),
    stride: settings.stride,
    halves,
    workerIds: request.workers.map(({ id }) => id),
  });
  const { graph, workers, timed } = calibrated(request, measured, placement);
  const recompute = recomputeOf(settings);
  const latents = graph.values.get(graph.sampleInput);
  const latentBytes = ((latents?.bytes ?? 0) * parts) / request.batchRepeat;
  // Other threads read the weights while this one searches.
  const hashing = await hashOf(request, measured.prepared, onProgress);
  onProgress({ stage: 'cut', fraction: 0 });
  const chosen = chooseSettings(
    graph,
    {
      components: placement.length / halves,
      cuts: settings.cuts,
      shape: settings.shape,
      laggedCut: settings.laggedCut === 'auto' ? undefined : settings.laggedCut,
      wireDtype: settings.wireDtype,
      widensHalf: (request.device ?? 'cpu').startsWith('cpu'),
      hostCopy: hostCopyOf(request.device ?? 'cpu'),
      recomputeShare: recompute === 'off' ? 0 : undefined,
      microBatches: parts,
      halves,
      stride: settings.stride,
      lookAhead: settings.lookAhead === 'on',
      cluster: clusterOf({ ...request, workers }, placement, latentBytes),
    },
    {
      microCuts: settings.microCuts === 'auto' ? undefined : [settings.microCuts],
      lags: settings.lag === 'auto' ? [1, 2] : [settings.lag],
    },
  );
  const memory =
    measured.prepared === undefined ? [] : partMemory(graph, chosen.sessions, request.device ?? 'cpu');
  checkMemory(memory, placement, request.workers);
  const tensors = await hashing?.tensors;
  const exported =
    measured.prepared === undefined || tensors === undefined
      ? undefined
      : exportTo(request.workDir, measured.prepared, tensors, chosen.sessions);
  const specs = segmentSpecs(graph, chosen, exported?.segments);
  const isUnhashed = measured.prepared !== undefined && exported === undefined;
  return {
    planId: isUnhashed ? '' : planId(chosen.partition, placement, specs, settings.lookAhead),
    predictorId:
      measured.prepared === undefined || isUnhashed
        ? ''
        : predictorId(measured.prepared.key, exported?.artifacts),
    programId: programId(chosen.partition, placement, settings),
    partition: chosen.partition,
    placement,
    specs,
    artifacts: exported?.artifacts ?? new Map(),
    sources: exported?.sources ?? [],
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
      recompute,
      recut: timed === undefined ? 'off' : 'on',
    },
    timed,
    predicted: { periodMs: chosen.predicted.periodMs, criticalCycle: chosen.predicted.criticalCycle },
    declared: measured.prepared === undefined,
    timeDilation: measured.timeDilation,
  };
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
): Exported {
  const segments = exportSegments(prepared, tensors, sessions, join(workDir, 'segments'));
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

function planId(
  partition: Partition,
  placement: Placement,
  specs: Plan['specs'],
  lookAhead: 'on' | 'off',
): string {
  const lags = partition.boundaryTensors.map(({ name, lag }) => [name, lag]);
  return shortHash([specs, lags, placement, lookAhead]);
}

/** Of the predictor at its shapes: the graph and what its weights hold. */
function predictorId(key: string, artifacts: ReadonlyMap<string, Artifact> = new Map()): string {
  const weights = new Set([...artifacts.values()].flatMap(({ tensors }) => tensors));
  return shortHash([key, [...weights].sort()]);
}

/** Of what a job computes, wherever its parts run and however many sessions they are: what is cut where, and read how old. */
function programId(
  { shape, cuts, components, microBatches, boundaryTensors }: Partition,
  placement: Placement,
  { lookAhead, optimizationLevel }: PlanRequest['settings'],
): string {
  const tensors = boundaryTensors
    .map(({ name, producer, consumers, lag }) => JSON.stringify([name, producer, consumers, lag]))
    .sort();
  const hasReplicas = (placement.at(-1)?.length ?? 1) > 1;
  return shortHash([
    [shape, cuts, components.length, microBatches, tensors],
    [hasReplicas, lookAhead, optimizationLevel],
  ]);
}

function shortHash(what: unknown): string {
  return createHash('sha256').update(JSON.stringify(what)).digest('hex').slice(0, 16);
}

function toSpec({ name, dtype, dims }: ValueSpec): ValueSpec {
  return { name, dtype, dims };
}
