import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import { AsyncDiffError } from '../common/errors/index.js';
import type { JobSettings } from '../common/settings/index.js';
import type { AttachJobRequest__Output } from '../rpc/gen/asyncdiff/v1/AttachJobRequest.js';
import type { CoordinatorHandlers } from '../rpc/gen/asyncdiff/v1/Coordinator.js';
import type { DenoiseRequest__Output } from '../rpc/gen/asyncdiff/v1/DenoiseRequest.js';
import type { GenerateRequest__Output } from '../rpc/gen/asyncdiff/v1/GenerateRequest.js';
import type { JobEvent } from '../rpc/gen/asyncdiff/v1/JobEvent.js';
import type { CoordinatorParts } from './coordinator-parts.js';
import {
  runItems,
  type JobContext,
  jobSummary,
  type JobRecord,
  type NewJob,
  type SendEvent,
} from './jobs/index.js';
import { denoise } from './denoise-call.js';
import { checkDenoise, checkGenerate, generateJob } from './jobs/index.js';
import { receiveRun } from './run-call.js';
import { paced } from './sending-patience.js';
import type { RunRequest__Output } from '../rpc/gen/asyncdiff/v1/RunRequest.js';
import type { ControlStream } from '../rpc/streams/index.js';
import { planDocument } from './plan-document.js';
import { workerStatus } from './workers/index.js';
import { toTensorMessage } from '../rpc/index.js';
import {
  type Access,
  bidiHandler,
  type CallContext,
  clientStreamHandler,
  serverStreamHandler,
  unaryHandler,
} from '../rpc/server/index.js';

/** What a client says of the job itself. */
type Submission = Pick<GenerateRequest__Output, 'jobId' | 'detached'>;

/** Whose key each call takes. */
export const COORDINATOR_ACCESS: Readonly<Record<keyof CoordinatorHandlers, Access>> = Object.freeze({
  Join: 'worker',
  FetchArtifacts: 'worker',
  Generate: 'client',
  Denoise: 'client',
  Run: 'client',
  AttachJob: 'client',
  Plan: 'client',
  UploadModel: 'client',
  GetStatus: 'client',
  CancelJob: 'client',
  ListJobs: 'client',
});

/** Coordinator.* as gRPC handlers. */
export function coordinatorHandlers(coordinator: () => CoordinatorParts): UntypedServiceImplementation {
  const handlers: CoordinatorHandlers = {
    Join: bidiHandler((stream) => coordinator().registry.accept(stream)),
    FetchArtifacts: bidiHandler((stream) => coordinator().deployments.shelf.serve(stream)),
    Generate: serverStreamHandler(async (request: GenerateRequest__Output, send: SendEvent, call) => {
      const asking = checkGenerate(request);
      const given = Object.values(request.arguments).flatMap(
        ({ file, tensor }) => file ?? tensor?.data ?? [],
      );
      const onEnded = hold(coordinator(), given);
      await serveJob(coordinator(), 'generate', request, { send, call, onEnded }, (context) =>
        generate(coordinator(), request, asking, context),
      );
    }),
    Denoise: serverStreamHandler(async (request: DenoiseRequest__Output, send: SendEvent, call) => {
      const asking = checkDenoise(request);
      const given = Object.values(request.inputs).map(({ data }) => data);
      const onEnded = hold(coordinator(), given);
      await serveJob(coordinator(), 'denoise', request, { send, call, onEnded }, (context) =>
        denoise(coordinator(), request, asking, context),
      );
    }),
    Run: bidiHandler(async (stream: ControlStream<JobEvent, RunRequest__Output>, call) => {
      const { clients, models, heldByRuns, clientStallMs: stallMs } = coordinator();
      const leave = clients.enter(call);
      const held = heldByRuns.open();
      // A job frees what it holds when it ends: a detached one after this call.
      let isOfJob = false;
      try {
        const received = await receiveRun(stream, { held, stallMs }).finally(leave);
        const { jobId, detached, modelSha256, request } = received;
        const modelPath = await models.path(modelSha256);
        const send: SendEvent = async (event) => {
          stream.send(event, 1);
          await stream.drained().catch(() => undefined);
        };
        isOfJob = true;
        const onEnded = (): void => held.free();
        await serveJob(coordinator(), 'run', { jobId, detached }, { send, call, onEnded }, (context) =>
          runItems({ ...request, modelPath }, context),
        );
      } catch (error) {
        if (!isOfJob) held.free();
        throw error;
      }
      stream.end();
    }),
    AttachJob: serverStreamHandler(
      ({ jobId }: AttachJobRequest__Output, send: SendEvent, { signal, caller }) =>
        coordinator().jobs.get(jobId, caller.id).follow(send, signal, coordinator().clientStallMs),
    ),
    Plan: unaryHandler(async (request, call) => {
      const { clients, planTurns } = coordinator();
      const leave = clients.enter(call);
      const work = () => planDocument(coordinator(), request, call.signal);
      return await planTurns.run(work, call.signal).finally(leave);
    }),
    UploadModel: clientStreamHandler(async (requests) => ({
      known: await coordinator().models.receive(paced(requests, 'its model', coordinator().clientStallMs)),
    })),
    GetStatus: unaryHandler(() => {
      const { registry, jobs, version, pipeline } = coordinator();
      return {
        version,
        model: pipeline?.folder.path ?? '',
        workers: registry.workers.map((worker) => workerStatus(worker, registry)),
        queuedJobs: jobs.queued,
        runningJobs: jobs.running,
        notReady: registry.workers.length > 0 ? '' : 'no worker is registered',
        absent: [...registry.absent],
      };
    }),
    CancelJob: unaryHandler(({ jobId }, { caller }) => ({
      found: coordinator().jobs.cancel(jobId, caller.id),
    })),
    ListJobs: unaryHandler((_request, { caller }) => ({
      jobs: coordinator().jobs.list(caller.id).map(jobSummary),
    })),
  };
  return handlers;
}

/** Counts what a job was given until the returned function is called. Throws `queue_full`. */
function hold({ heldByJobs }: CoordinatorParts, given: readonly Uint8Array[]): () => void {
  const held = heldByJobs.open();
  held.take(given.reduce((sum, { length }) => sum + length, 0));
  return () => held.free();
}

/** Who submits a job, and who hears of its end. */
interface JobClient {
  readonly send: SendEvent;
  readonly call: CallContext;
  readonly onEnded?: (() => void) | undefined;
}

/** Queues a job, runs it, and sends its events. The client's going away cancels it, unless it is detached. */
async function serveJob(
  coordinator: CoordinatorParts,
  kind: NewJob['kind'],
  { jobId, detached }: Submission,
  { send, call, onEnded }: JobClient,
  work: (context: JobContext) => Promise<Omit<JobEvent, 'jobId'>>,
): Promise<void> {
  const { registry, deployments, metrics, jobs, clients } = coordinator;
  const { caller, peer, signal } = call;
  let left: (() => void) | undefined;
  const leave = (): void => {
    left?.();
    onEnded?.();
  };
  const stalled = new AbortController();
  let record: JobRecord;
  try {
    left = clients.enter(call);
    record = jobs.submit(
      {
        jobId,
        kind,
        owner: caller.id,
        client: caller.name === '' ? peer : caller.name,
        keepsOutputs: detached,
      },
      detached ? new AbortController().signal : AbortSignal.any([signal, stalled.signal]),
      (running) => work({ ...running, registry, deployments, metrics }),
    );
  } catch (error) {
    leave();
    throw error;
  }
  void record.whenEnded.then(leave);
  try {
    await record.follow(send, signal, coordinator.clientStallMs);
  } catch (error) {
    // A client that does not read what it asked for is as good as gone.
    if (!record.ended) stalled.abort(error);
    throw error;
  }
}

async function generate(
  coordinator: CoordinatorParts,
  request: GenerateRequest__Output,
  asking: JobSettings,
  context: JobContext,
): Promise<Omit<JobEvent, 'jobId'>> {
  const { pipeline, parts } = coordinator;
  if (pipeline === undefined || parts === undefined) {
    throw new AsyncDiffError('model_not_found', 'this coordinator has no text-to-image model', {
      hint: 'Start it with `asyncdiff serve --model DIR`.',
    });
  }
  const made = await generateJob(request, asking, { pipeline, parts }, context);
  const { images, video, audio, latents, report, trace } = made;
  return {
    done: {
      images: images.map((image) => Buffer.from(image)),
      video: video ?? null,
      audio: audio.map((sound) => Buffer.from(sound)),
      latents: toTensorMessage(latents),
      report,
      trace: trace(),
    },
  };
}
