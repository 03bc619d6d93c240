import { createHash } from 'node:crypto';
import type { PlannedSettings } from '../common/settings/index.js';
import type { Partition, Placement } from '../program/index.js';
import type { Artifact, Plan } from './plan.js';

/** Id of what runs where: the same id gives the same bits. The names of workers are part of it. */
export function planId(
  { partition, placement, specs }: Pick<Plan, 'partition' | 'placement' | 'specs'>,
  lookAhead: 'on' | 'off',
): string {
  const lags = partition.boundaryTensors.map(({ name, lag }) => [name, lag]);
  return shortHash([specs, lags, placement, lookAhead]);
}

/** Id of the predictor at its shapes: of the graph and of what its weights hold. */
export function predictorId(key: string, artifacts: ReadonlyMap<string, Artifact> = new Map()): string {
  const weights = new Set([...artifacts.values()].flatMap(({ tensors }) => tensors));
  return shortHash([key, [...weights].sort()]);
}

/** Of what a job computes, wherever its parts run and however many sessions they are: what is cut where, and read how old. */
export function programId(
  { shape, cuts, components, microBatches, boundaryTensors }: Partition,
  placement: Placement,
  { lookAhead, optimizationLevel }: Pick<PlannedSettings, 'lookAhead' | 'optimizationLevel'>,
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
