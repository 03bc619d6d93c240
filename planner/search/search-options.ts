import { AsyncDiffError } from '../../common/errors/index.js';
import { type Cluster, type Halves, type Link, occupancyMs, workersOf } from '../../program/index.js';
import type { CostGraph } from './cost-graph.js';
import type { LoadFactor } from './cut-table.js';
import type { PartitionShape } from './main-range.js';
import { RECOMPUTED_SHARE } from './recomputed-values.js';
import type { WireDType, WireForm } from './wire-form.js';

/** What a link costs, as it is measured. */
interface LinkCost {
  readonly latencyMs: number;
  readonly bytesPerSecond: number;
  /** Sender's and receiver's work per megabyte (1e6 bytes), milliseconds. */
  readonly serializeMsPerMb: number;
}

export interface PartitionOptions {
  /** N. Not used where `cuts` is given: N is then one more than there are cuts. */
  readonly components: number;
  /** Values that end a component, in order of execution, instead of a search. */
  readonly cuts?: readonly string[] | undefined;
  /** Default `auto`: the shape with the shorter period. */
  readonly shape?: 'auto' | PartitionShape | undefined;
  /** Sessions per component, at most: 1 (default) or more. The head and the tail of a U-shape are two in any case. */
  readonly microCuts?: number | undefined;
  /** 2: the boundary tensors of one ring cut are two rounds old. Default 1. */
  readonly lag?: 1 | 2 | undefined;
  /** With lag 2, the ring cut that lags; chosen by the period where it is left out. */
  readonly laggedCut?: number | undefined;
  /** What float32 boundary tensors are on the wire. Default float32. */
  readonly wireDtype?: WireDType | undefined;
  /** Sessions run on a device that computes float16 graphs in float32. Default false. */
  readonly widensHalf?: boolean | undefined;
  /**
   * Of all weights, the most that a value may take which components make from the latents instead of receiving it (see
   * recomputed-values.ts). Default 0.01; 0: every boundary tensor is sent, as in the paper.
   */
  readonly recomputeShare?: number | undefined;
  /** M, micro-batches that a batch is computed in; the graph is then that of one of them. Default 1. */
  readonly microBatches?: number | undefined;
  /** 2: guidance split; `microBatches` is then even, and the cluster's placement has both halves. Default 1. */
  readonly halves?: Halves | undefined;
  /** S. Default 1. */
  readonly stride?: number | undefined;
  /** Components look ahead: tensors on skips are then as old as their way is long. */
  readonly lookAhead?: boolean | undefined;
  /** Workers that run component N's runs in parallel. Default 1. */
  readonly replicas?: number | undefined;
  /** Speed of the worker of each component (index 0: component 1). Default 1 each. */
  readonly speeds?: readonly number[] | undefined;
  readonly link?: LinkCost | undefined;
  readonly coordinatorLink?: LinkCost | undefined;
  /** Bytes of one step's latents between coordinator and worker. Default: those of the graph's latent input. */
  readonly latentBytes?: number | undefined;
  readonly samplerMs?: number | undefined;
  /** What running one session costs besides its nodes. Default 0.2. */
  readonly taskOverheadMs?: number | undefined;
  /** Default: nothing is copied. */
  readonly hostCopy?: HostCopy | undefined;
  /** The cluster itself, instead of speeds, replicas, links and costs above. */
  readonly cluster?: Cluster | undefined;
}

/** Two processes on one machine: what was measured over loopback with grpc-js. */
export const DEFAULT_LINK: LinkCost = Object.freeze({
  latencyMs: 0.3,
  bytesPerSecond: 1.25e9,
  serializeMsPerMb: 1,
});

/** What a session's inputs and outputs cost where its device has a memory of its own. */
export interface HostCopy {
  /** From the host's memory to the device's, or back, milliseconds. */
  readonly msPerByte: number;
  /** Values between two sessions of one component come by the host's memory too; otherwise they stay on the device. */
  readonly includesLocal: boolean;
}

/** The device computes in the host's memory. */
export const NO_HOST_COPY: HostCopy = Object.freeze({ msPerByte: 0, includesLocal: false });

/** Options with nothing left open. */
export interface SearchOptions {
  readonly components: number;
  readonly shape: 'auto' | PartitionShape;
  readonly laggedCut: number | undefined;
  readonly form: WireForm;
  readonly hostCopy: HostCopy;
  readonly recomputeShare: number;
  readonly microBatches: number;
  readonly halves: Halves;
  readonly stride: number;
  readonly lookAhead: boolean;
  readonly cluster: Cluster;
}

/** @throws AsyncDiffError `invalid_settings` for a number that is out of range. */
export function resolveOptions(
  graph: CostGraph,
  options: PartitionOptions,
  components: number,
): SearchOptions {
  const { stride = 1, microBatches = 1, replicas = 1 } = options;
  for (const [name, value] of Object.entries({ components, stride, microBatches, replicas })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new AsyncDiffError(
        'invalid_settings',
        `${name} must be a whole number of at least 1, not ${value}`,
      );
    }
  }
  const cluster = options.cluster ?? uniformCluster(graph, options, components);
  return {
    components,
    shape: options.shape ?? 'auto',
    laggedCut: options.laggedCut,
    form: formOf(options),
    hostCopy: options.hostCopy ?? NO_HOST_COPY,
    recomputeShare: options.recomputeShare ?? RECOMPUTED_SHARE,
    microBatches,
    halves: options.halves ?? 1,
    stride,
    lookAhead: options.lookAhead ?? false,
    cluster,
  };
}

function formOf({ wireDtype = 'float32', widensHalf = false }: PartitionOptions): WireForm {
  return wireDtype === 'float32' && widensHalf ? 'unrounded' : wireDtype;
}

/** One worker per component, and more for component N if it has replicas, each on its own host. */
export function uniformCluster(graph: CostGraph, options: PartitionOptions, components: number): Cluster {
  const placement: string[][] = [];
  const workers = [];
  for (let component = 1; component <= components * (options.halves ?? 1); component++) {
    const replicas = component % components === 0 ? (options.replicas ?? 1) : 1;
    const ids = Array.from({ length: replicas }, (_, at) => `w${component}${at === 0 ? '' : `r${at}`}`);
    placement.push(ids);
    const speed = options.speeds?.[(component - 1) % components] ?? 1;
    workers.push(...ids.map((id) => ({ id, speed, hostId: id })));
  }
  const link = toLink(options.link ?? DEFAULT_LINK);
  const coordinatorLink = toLink(options.coordinatorLink ?? options.link ?? DEFAULT_LINK);
  return {
    workers,
    placement,
    links: () => link,
    coordinatorLinks: () => coordinatorLink,
    latentBytes: options.latentBytes ?? graph.values.get(graph.sampleInput)?.bytes ?? 0,
    samplerMs: options.samplerMs ?? 0.1,
    taskOverheadMs: options.taskOverheadMs ?? 0.2,
  };
}

/** A link by which a megabyte takes as long as it takes to serialise and to send. */
export function toLink(cost: LinkCost): Link {
  const secondsPerByte = 1 / cost.bytesPerSecond + (cost.serializeMsPerMb / 1000) * 1e-6;
  return { latencyMs: cost.latencyMs, bytesPerSecond: 1 / secondsPerByte, overheadMs: 0 };
}

/**
 * What a round costs the worker of each component (index 0: component 1). Slower workers, workers that share their time between
 * components, and the S runs of component N make compute longer; links are taken as they are on average.
 */
export function loadFactors(options: SearchOptions): LoadFactor[] {
  const { cluster, components, halves, stride } = options;
  const holders = Array.from({ length: components * halves }, (_, at) =>
    workersOf(cluster.placement, at + 1),
  );
  const all = holders.slice(0, components);
  const held = new Map<string, number>();
  for (const id of holders.flat()) held.set(id, (held.get(id) ?? 0) + 1);
  const speedOf = new Map(cluster.workers.map((worker) => [worker.id, worker.speed]));
  return all.map((ids, at) => {
    const runs = at + 1 === components ? Math.ceil(stride / ids.length) : 1;
    // The halves are cut alike: the slower of two workers counts.
    const both = holders.filter((_, slot) => slot % components === at).flat();
    const others = [...held.keys()].filter((id) => id !== ids[0]);
    const perByte = others.map((id) => occupancyMs({ ...cluster.links(ids[0]!, id), overheadMs: 0 }, 1));
    return {
      compute: runs * Math.max(...both.map((id) => held.get(id)! / (speedOf.get(id) ?? 1))),
      msPerByte: perByte.reduce((sum, ms) => sum + ms, 0) / Math.max(1, perByte.length),
    };
  });
}
