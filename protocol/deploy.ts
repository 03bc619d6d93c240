import type { FileRange } from '../common/model-file/index.js';
import { checked, PLAN_SETTINGS } from '../common/settings/index.js';
import type { OptimizationLevel, SegmentSpec } from '../execution/index.js';
import type { Due, DueClock } from '../program/index.js';
import type { Artifact, Artifact__Output } from '../rpc/gen/asyncdiff/v1/Artifact.js';
import type { Deploy, Deploy__Output } from '../rpc/gen/asyncdiff/v1/Deploy.js';
import type { OpenPart, OpenPart__Output } from '../rpc/gen/asyncdiff/v1/OpenPart.js';
import { fromRouteMessage, toRouteMessage } from './routes.js';
import { fromSegmentMessage, toSegmentMessage } from './segments.js';

/** A worker as another one reaches it. */
export interface Peer {
  readonly workerId: string;
  /** HOST:PORT. */
  readonly address: string;
  readonly sameHost: boolean;
  /** Whether its tensors come through the coordinator: it is not dialled. */
  readonly relay: boolean;
}

/** A graph or a tensor, by the SHA-256 of its bytes. */
export interface PartArtifact {
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Where it lies, for a worker that reads the coordinator's files. */
  readonly file?: FileRange | undefined;
  /** Workers that have it, or are to have it first; the coordinator has it always. */
  readonly suppliers: readonly string[];
}

/** What a worker is to have of one deployment of a plan. */
export interface PartOrder {
  readonly deploymentId: string;
  readonly segments: readonly SegmentSpec[];
  /** By boundary tensor: the workers that it is sent to from there, and when it is due. */
  readonly routes: ReadonlyMap<string, ReadonlyMap<string, Due>>;
  /** Those of them that are reached through the coordinator. */
  readonly relayedTo: ReadonlySet<string>;
  /** What it may have on its way through the coordinator to another worker. */
  readonly relayWindowBytes: number;
  readonly clock: DueClock;
  /** Workers that it receives tensors from: it dials them. */
  readonly producers: readonly Peer[];
  readonly artifacts: readonly PartArtifact[];
  /** Workers that suppliers of artifacts name. */
  readonly suppliers: readonly Peer[];
  /** SHA-256 of further artifacts of the deployment, which it has from an earlier one and gives to other workers. */
  readonly gives: readonly string[];
  readonly optimizationLevel: OptimizationLevel;
  /** How it times its sessions: in windows of so long, 0 for a run each. Undefined: what they take is known. */
  readonly measure: { readonly windowMs: number } | undefined;
  /** 32 random bytes of this deployment: whoever subscribes to its tensors, or asks for its artifacts, shows them. */
  readonly secret: Uint8Array;
}

/** A part of a pipeline that a worker is to open. */
export interface PipelinePart {
  readonly partId: string;
  /** For people. */
  readonly name: string;
  readonly graphSha256: string;
  /** The graph and its tensors; the coordinator alone supplies them. */
  readonly artifacts: readonly PartArtifact[];
  readonly secret: Uint8Array;
}

export function toOpenPartMessage(part: PipelinePart): OpenPart {
  return {
    ...part,
    artifacts: part.artifacts.map((artifact) => toArtifactMessage(artifact, new Map())),
    secret: Buffer.from(part.secret),
  };
}

export function fromOpenPartMessage(message: OpenPart__Output): PipelinePart {
  return { ...message, artifacts: message.artifacts.map((artifact) => fromArtifactMessage(artifact, [])) };
}

export function toDeployMessage(order: PartOrder, generation: number): Deploy {
  const { segments, routes, relayedTo, clock, producers, artifacts, suppliers, gives, measure, ...rest } =
    order;
  const places = new Map(suppliers.map(({ workerId }, at) => [workerId, at + 1]));
  return {
    ...rest,
    secret: Buffer.from(order.secret),
    generation,
    segments: segments.map(toSegmentMessage),
    routes: [...routes].map(([name, to]) => toRouteMessage(name, to, (id) => relayedTo.has(id))),
    roundMs: clock.roundMs,
    stepMs: clock.stepMs,
    timesKnown: measure === undefined,
    windowMs: measure?.windowMs ?? 0,
    producers: [...producers],
    artifacts: artifacts.map((artifact) => toArtifactMessage(artifact, places)),
    suppliers: [...suppliers],
    gives: [...gives],
  };
}

/** Throws `invalid_settings` for an optimization level that is none, `invalid_input` for an element type. */
export function fromDeployMessage(message: Deploy__Output): PartOrder {
  const { deploymentId, routes, relayWindowBytes, roundMs, stepMs, producers, suppliers, gives, secret } =
    message;
  const relayed = routes.flatMap(({ to }) => to.filter(({ relay }) => relay));
  const ids = suppliers.map(({ workerId }) => workerId);
  return {
    deploymentId,
    segments: message.segments.map(fromSegmentMessage),
    routes: new Map(routes.map((route) => [route.name, fromRouteMessage(route)])),
    relayedTo: new Set(relayed.map(({ workerId }) => workerId)),
    relayWindowBytes,
    clock: { roundMs, stepMs },
    producers,
    artifacts: message.artifacts.map((artifact) => fromArtifactMessage(artifact, ids)),
    suppliers,
    gives,
    optimizationLevel: checked(
      'optimizationLevel',
      PLAN_SETTINGS.optimizationLevel,
      message.optimizationLevel,
    ),
    measure: message.timesKnown ? undefined : { windowMs: message.windowMs },
    secret,
  };
}

/** @param places of suppliers in the list that goes with it, from 1 */
function toArtifactMessage(
  { sha256, sizeBytes, file, suppliers }: PartArtifact,
  places: ReadonlyMap<string, number>,
): Artifact {
  return {
    sha256,
    sizeBytes,
    suppliers: suppliers.flatMap((id) => places.get(id) ?? []),
    ...(file && { path: file.path, offsetBytes: file.offsetBytes }),
  };
}

/** @param workerIds of the suppliers, in the order of the list that goes with it */
function fromArtifactMessage(
  { sha256, sizeBytes, path, offsetBytes, suppliers }: Artifact__Output,
  workerIds: readonly string[],
): PartArtifact {
  return {
    sha256,
    sizeBytes,
    file: path === '' ? undefined : { path, offsetBytes, lengthBytes: sizeBytes },
    suppliers: suppliers.flatMap((place) => workerIds[place - 1] ?? []),
  };
}
