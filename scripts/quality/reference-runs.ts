import { batchRepeatOf, guidanceOf, inputShapesOf } from '../../common/guidance/index.js';
import type { PlanSettings } from '../../common/settings/index.js';
import { planWorkers } from '../../cli/reference-run.js';
import {
  denoiseCallerSamples,
  denoiseSteadily,
  driftReport,
  type LoadedSegment,
  ReferenceExecutor,
  releaseSegments,
  runCost,
} from '../../execution/index.js';
import { defaultWorkDir, openSegments, type Plan, planInProcess } from '../../planner/index.js';
import { type Configuration, programOf } from './configuration.js';
import type { Picture, Subject } from './subjects.js';

/** What a run on the reference executor came to. */
interface ReferenceResult {
  readonly latents: Float32Array;
  /** Calls of the model that ran in order. */
  readonly inOrder: number;
  /** Of equal components on as many workers, over one worker. */
  readonly predictedSpeed: number;
  /** Squares of the drift, summed over the steps that did not run in order. */
  readonly driftSum: number;
  readonly drifts: readonly number[];
}

/** Runs of one subject on the reference executor; plans and sessions are kept from one to the next. */
export class ReferenceRuns {
  readonly #subject: Subject;
  readonly #guidanceScale: number;
  readonly #opened = new Map<string, Promise<{ plan: Plan; segments: LoadedSegment[] }>>();

  constructor(subject: Subject, guidanceScale: number) {
    this.#subject = subject;
    this.#guidanceScale = guidanceScale;
  }

  /** `warmUp`: in place of the configuration's. */
  async run(picture: Picture, configuration: Configuration, warmUp?: number): Promise<ReferenceResult> {
    const { plan, segments } = await this.#open(configuration.settings, picture);
    const sampler = picture.createSampler();
    const guidance = guidanceOf(this.#guidanceScale);
    const settings =
      warmUp === undefined ? configuration.settings : { ...configuration.settings, warmUp, end: 0 };
    const { schedule, lookAhead } = programOf({
      configuration: { ...configuration, settings },
      sampler,
      guidance,
      partition: plan.partition,
    });
    const { conditioning, latents } = picture;
    const job = { sampler, latents, conditioning, timesteps: sampler.timesteps, guidance };
    const result = await denoiseSteadily(
      { jobId: 'errors', job, settings: schedule, lookAhead, trace: false },
      (attempt) =>
        denoiseCallerSamples({
          ...attempt,
          executor: new ReferenceExecutor(plan.partition, attempt.settings, segments),
        }),
    );
    const { inOrder, driftSum } = driftReport(schedule, result.heldAt, result.drifts);
    const share = 1 / plan.partition.components.length;
    const roundCost =
      (schedule.lookAhead?.replicas === true || configuration.replicas ? 1 : schedule.stride) * share;
    const cost = runCost({ ...schedule, inOrder: [...inOrder] }, roundCost);
    return {
      latents: result.latents.data as Float32Array,
      inOrder: inOrder.length,
      predictedSpeed: sampler.numCalls / cost,
      driftSum,
      drifts: result.drifts.map((drift) => drift ?? 0),
    };
  }

  async close(): Promise<void> {
    for (const opened of this.#opened.values()) await releaseSegments((await opened).segments);
  }

  #open(settings: PlanSettings, picture: Picture): Promise<{ plan: Plan; segments: LoadedSegment[] }> {
    const { components, shape, lag, wireDtype } = settings;
    const key = [components, shape, lag, wireDtype].join();
    const opened = this.#opened.get(key) ?? this.#make(settings, picture);
    this.#opened.set(key, opened);
    return opened;
  }

  async #make(
    settings: PlanSettings,
    { latents, conditioning }: Picture,
  ): Promise<{ plan: Plan; segments: LoadedSegment[] }> {
    const guidance = guidanceOf(this.#guidanceScale);
    const plan = await planInProcess({
      source: {
        kind: 'model',
        modelPath: this.#subject.modelPath,
        inputShapes: inputShapesOf(latents.dims, conditioning, guidance),
      },
      settings,
      workers: planWorkers(settings),
      links: [],
      batchRepeat: batchRepeatOf(guidance),
      workDir: defaultWorkDir(),
      threads: 1,
    });
    return { plan, segments: await openSegments(plan, settings) };
  }
}
