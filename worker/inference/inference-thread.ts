/**
 * Entry of the inference thread. ONNX Runtime blocks the thread that calls it, so it has one of its own, and the
 * network thread never waits for compute. A run cannot be interrupted: the thread is stopped by a message.
 */
import { workerData } from 'node:worker_threads';
import { toWireError } from '../../common/wire-error.js';
import { inTurn, serveThread, type ThreadAnswer } from '../../common/threads/index.js';
import type { Tensor, TensorMeta } from '../../common/tensor/index.js';
import { DeclaredSession } from '../../execution/declared/index.js';
import {
  clockMs,
  innerValues,
  type StartedJob,
  type LoadedSegment,
  openOrtSession,
  parseDevice,
  loadSegments,
  releaseSegments,
  type SamplerState,
  type SegmentSession,
  type SegmentSpec,
  TaskExecutor,
} from '../../execution/index.js';
import { FrameInbox } from './frame-inbox.js';
import { FrameOutbox } from './frame-outbox.js';
import type {
  InferenceCalls,
  InferenceEvent,
  InferencePost,
  InferenceReport,
  InferenceSettings,
  PlanToLoad,
} from './inference-messages.js';
import { measureSegments } from './measure-segments.js';
import { TaskClock } from './task-clock.js';
import { Traffic } from './traffic.js';

const settings = workerData as InferenceSettings;
const device = parseDevice(settings.device);
const traffic = new Traffic();
const outbox = new FrameOutbox(traffic);

const clock = new TaskClock(settings.tasks);

const executor = new TaskExecutor({
  onTask: (isBegun) => clock.moved(isBegun),
  onBoundary: leave,
  onNoise: ({ jobId, attempt }, step, tensor) =>
    send({ type: 'noise', jobId, attempt, step, tensor }, [tensor.data]),
  onOutput: ({ jobId, attempt }, item, name, tensor) =>
    send({ type: 'output', jobId, attempt, item, name, tensor }, [tensor.data]),
  onRoundDone: ({ jobId, attempt }, lastStep, state) =>
    send({ type: 'round-done', jobId, attempt, lastStep, state, held: false }, memoryOf(state)),
  onHeld: ({ jobId, attempt }, state) =>
    send(
      { type: 'round-done', jobId, attempt, lastStep: state.nextStep - 1, state, held: true },
      memoryOf(state),
    ),
  onLatents: leave,
  onFault: ({ jobId, attempt }, error) =>
    send({ type: 'fault', jobId, attempt, error: toWireError(error, 'worker_failed') }),
  leaves: (deploymentId, name) => outbox.leaves(deploymentId, name),
  collect: () => inbox.collect(),
  onStarved: () => void inbox.watch(),
});

const inbox = new FrameInbox({
  traffic,
  onFrame: ({ meta: { jobId, attempt, name, version }, tensor }) =>
    executor.addTensor(jobId, attempt, name, version, tensor),
  onBroken: (deploymentId, producerId, error) =>
    send({ type: 'frames-broken', deploymentId, producerId, error: toWireError(error, 'worker_failed') }),
  isAwaited: (isMeant) => executor.lacksOnly(isMeant),
});

function memoryOf(state: SamplerState | undefined): Tensor['data'][] {
  return state === undefined
    ? []
    : [state.latents.data, ...state.history, ...(state.foresight?.values ?? [])];
}

/** A tensor was made: straight to the consumers on this host, through the network thread to the others. */
function leave(job: StartedJob, name: string, version: number, tensor: Tensor): void {
  const { jobId, attempt, deploymentId } = job;
  const meta: TensorMeta = { jobId, attempt, name, version, sentUs: Math.round(clockMs() * 1000) };
  const to = outbox.send(deploymentId, meta, tensor);
  if (to.length > 0) send({ type: 'boundary', deploymentId, meta, tensor, to }, [tensor.data]);
}

/** What one run gives (noise prediction, latents, boundary tensors) leaves as one message, as soon as the run returns. */
function send(event: InferenceEvent, owned: readonly Tensor['data'][] = []): void {
  server.send(
    event,
    owned.map(({ buffer }) => buffer as ArrayBuffer),
  );
}

async function open(
  spec: SegmentSpec,
  graphPath: string,
  { tensors, optimizationLevel }: PlanToLoad,
): Promise<SegmentSession> {
  if (device.kind === 'declared') return new DeclaredSession(spec, settings.timeDilation);
  const { threads } = settings;
  return openOrtSession(
    { graphPath, tensors },
    { device, threads, optimizationLevel, inner: innerValues(spec) },
  );
}

async function load(plan: PlanToLoad): Promise<Readonly<Record<string, number>>> {
  const paths = new Map(plan.segments.map(({ spec, graphPath }) => [spec.session, graphPath]));
  const specs = plan.segments.map(({ spec }) => spec);
  let loaded: LoadedSegment[] = [];
  try {
    let sessions = 0;
    loaded = await loadSegments(specs, async (spec) => {
      const session = await open(spec, paths.get(spec.session) ?? '', plan);
      sessions += 1;
      send({ type: 'opened', deploymentId: plan.deploymentId, sessions });
      return session;
    });
    const declaredDilation = device.kind === 'declared' ? settings.timeDilation : 0;
    const { measure } = plan;
    const segmentMs =
      measure === undefined ? {} : await measureSegments(loaded, { declaredDilation, ...measure });
    outbox.load(plan.deploymentId, plan.readers);
    inbox.load(plan.deploymentId, specs);
    executor.load(plan.deploymentId, loaded);
    return segmentMs;
  } catch (error) {
    await releaseSegments(loaded).catch(() => undefined);
    throw error;
  }
}

async function unload(deploymentId: string): Promise<void> {
  outbox.unload(deploymentId);
  inbox.unload(deploymentId);
  await executor.unload(deploymentId);
}

/** Loads and unloads, one after another: a plan that is given up while it loads is released when it has loaded. */
const inOrder = inTurn();

function end(jobId: string, attempt: number): ThreadAnswer<InferenceReport> {
  const timing = executor.endJob(jobId, attempt)?.timing;
  const { spans, ...moved } = traffic.report();
  return {
    result: {
      computeMs: timing?.computeMs ?? 0,
      waitMs: timing?.waitMs ?? 0,
      segmentMs: timing?.segmentMs() ?? {},
      spans: [...(timing?.spans ?? []), ...spans],
      ...moved,
    },
  };
}

function take(post: InferencePost): void {
  switch (post.type) {
    case 'frames-to':
      return outbox.setRing(post.deploymentId, post.consumerId, post.fd);
    case 'frames-from':
      return inbox.open(post.deploymentId, post.producerId, post.fd);
    case 'start':
      traffic.begin(post.context.trace);
      outbox.begin();
      return executor.startJob(post.context);
    case 'tensor':
      return executor.addTensor(post.jobId, post.attempt, post.name, post.version, post.tensor);
    case 'round':
      outbox.skip(post.unread);
      return executor.addRound(post.jobId, post.attempt, post.round);
    default:
      return post satisfies never;
  }
}

const server = serveThread<InferenceCalls, InferencePost, InferenceEvent>({
  calls: {
    load: async (plan) => ({ result: await inOrder(() => load(plan)) }),
    unload: async ({ deploymentId }) => {
      await inOrder(() => unload(deploymentId));
      return { result: undefined };
    },
    end: ({ jobId, attempt }) => end(jobId, attempt),
    state: () => ({ result: executor.progress() }),
  },
  onPost: take,
  onStop: () => inOrder(() => executor.idle()),
  failureCode: 'worker_failed',
});
