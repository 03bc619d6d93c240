/**
 * Entry of the inference thread. ONNX Runtime blocks the thread that calls it, so it has one of its own, and the
 * network thread never waits for compute. A run cannot be interrupted: the thread is stopped by a message.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { AsyncDiffError } from '../../common/errors/index.js';
import type { Tensor, TensorMeta } from '../../common/tensor/index.js';
import { LATENTS } from '../../program/index.js';
import {
  clockMs,
  DeclaredSession,
  type JobContext,
  type LoadedSegment,
  openOrtSession,
  parseDevice,
  loadSegments,
  releaseSegments,
  type SegmentSession,
  type SegmentSpec,
  TaskExecutor,
} from '../../execution/index.js';
import { FrameInbox } from './frame-inbox.js';
import { FrameOutbox } from './frame-outbox.js';
import type { InferenceEvent, InferenceRequest, InferenceSettings, WireError } from './inference-messages.js';
import { measureSegments } from './measure-segments.js';
import { Traffic } from '../exchange/index.js';

const port = parentPort;
if (port === null) throw new Error('inference-thread runs in a worker thread only');
const settings = workerData as InferenceSettings;
const device = parseDevice(settings.device);
const traffic = new Traffic();
const outbox = new FrameOutbox(traffic);

const executor = new TaskExecutor({
  onBoundary: leave,
  onNoise: ({ jobId, attempt }, step, tensor) =>
    send({ type: 'noise', jobId, attempt, step, tensor }, [tensor.data]),
  onRoundDone: ({ jobId, attempt }, lastStep, state) =>
    send(
      { type: 'round-done', jobId, attempt, lastStep, state },
      state === undefined ? [] : [state.latents.data, ...state.history],
    ),
  onLatents: (job, step, tensor) => leave(job, LATENTS, step, tensor),
  onFault: ({ jobId, attempt }, error) => send({ type: 'fault', jobId, attempt, error: wireError(error) }),
  leaves: (planId, name) => outbox.leaves(planId, name),
  collect: () => inbox.collect(),
  onStarved: () => void inbox.watch(),
});

const inbox = new FrameInbox({
  traffic,
  onFrame: ({ meta: { jobId, attempt, name, version }, tensor }) =>
    executor.addTensor(jobId, attempt, name, version, tensor),
  onBroken: (planId, error) => send({ type: 'frames-broken', planId, error: wireError(error) }),
  isAwaited: (isMeant) => executor.lacksOnly(isMeant),
});

/** A tensor was made: straight to the consumers on this host, through the network thread to the others. */
function leave(job: JobContext, name: string, version: number, tensor: Tensor): void {
  const { jobId, attempt, planId } = job;
  const meta: TensorMeta = { jobId, attempt, name, version, sentUs: Math.round(clockMs() * 1000) };
  const to = outbox.send(planId, meta, tensor);
  if (to.length > 0) send({ type: 'boundary', planId, meta, tensor, to }, [tensor.data]);
}

let outgoing: InferenceEvent[] = [];
let transfer: ArrayBuffer[] = [];
let isFlushing = false;

/** What one run gives (noise prediction, latents, boundary tensors) leaves as one message, as soon as the run returns: each wakes the network thread. */
function send(event: InferenceEvent, owned: readonly Tensor['data'][] = []): void {
  outgoing.push(event);
  for (const { buffer } of owned) transfer.push(buffer as ArrayBuffer);
  if (isFlushing) return;
  isFlushing = true;
  queueMicrotask(flush);
}

function flush(): void {
  isFlushing = false;
  port?.postMessage(outgoing, transfer);
  outgoing = [];
  transfer = [];
}

function wireError(error: unknown): WireError {
  const { code, rawMessage, hint } = AsyncDiffError.from(error, 'worker_failed');
  return { code, message: rawMessage, hint };
}

async function open(
  spec: SegmentSpec,
  modelPath: string,
  level: Extract<InferenceRequest, { type: 'load' }>['optimizationLevel'],
): Promise<SegmentSession> {
  if (device.kind === 'declared') return new DeclaredSession(spec, settings.timeDilation);
  return openOrtSession(modelPath, { device, threads: settings.threads, optimizationLevel: level });
}

async function load(request: Extract<InferenceRequest, { type: 'load' }>): Promise<void> {
  const paths = new Map(request.segments.map(({ spec, modelPath }) => [spec.session, modelPath]));
  let loaded: LoadedSegment[] = [];
  try {
    loaded = await loadSegments(
      request.segments.map(({ spec }) => spec),
      (spec) => open(spec, paths.get(spec.session) ?? '', request.optimizationLevel),
    );
    const segmentMs = await measureSegments(loaded, device.kind === 'declared' ? settings.timeDilation : 0);
    outbox.load(request.planId, request.readers);
    inbox.load(
      request.planId,
      request.segments.map(({ spec }) => spec),
    );
    executor.load(request.planId, loaded);
    send({ type: 'loaded', planId: request.planId, segmentMs });
  } catch (error) {
    await releaseSegments(loaded).catch(() => undefined);
    send({ type: 'load-failed', planId: request.planId, error: wireError(error) });
  }
}

function end(jobId: string, attempt: number): void {
  const timing = executor.endJob(jobId, attempt)?.timing;
  const { spans, ...moved } = traffic.report();
  const report = {
    computeMs: timing?.computeMs ?? 0,
    waitMs: timing?.waitMs ?? 0,
    segmentMs: timing?.segmentMs() ?? {},
    spans: [...(timing?.spans ?? []), ...spans],
    ...moved,
  };
  send({ type: 'ended', jobId, attempt, report });
}

async function handle(request: InferenceRequest): Promise<void> {
  switch (request.type) {
    case 'load':
      return load(request);
    case 'unload':
      outbox.unload(request.planId);
      inbox.unload(request.planId);
      return executor.unload(request.planId);
    case 'frames-to':
      return outbox.setRing(request.planId, request.consumerId, request.fd);
    case 'frames-from':
      return inbox.open(request.planId, request.producerId, request.fd);
    case 'start':
      traffic.begin(request.context.trace);
      outbox.begin();
      return executor.startJob(request.context);
    case 'tensor':
      return executor.addTensor(
        request.jobId,
        request.attempt,
        request.name,
        request.version,
        request.tensor,
      );
    case 'latents':
      return executor.addLatents(request.jobId, request.attempt, request.step, request.tensor);
    case 'round':
      outbox.skip(request.round.round, request.unread);
      return executor.addRound(request.jobId, request.attempt, request.round);
    case 'end':
      return end(request.jobId, request.attempt);
    case 'stop':
      await executor.idle();
      port?.close();
      return undefined;
    default:
      return request satisfies never;
  }
}

port.on('message', (requests: readonly InferenceRequest[]) => {
  for (const request of requests) take(request);
});

function take(request: InferenceRequest): void {
  handle(request).catch((error: unknown) => {
    // Nothing above lets an error through; if one comes all the same, the thread must not go on half-broken.
    process.nextTick(() => {
      throw error;
    });
  });
}
