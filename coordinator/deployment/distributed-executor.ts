import { AsyncDiffError } from '../../common/errors/index.js';
import { Mailbox } from '../../common/pending/index.js';
import type { Tensor } from '../../common/tensor/index.js';
import {
  type ExecutionReport,
  type JobStart,
  type MadeLatents,
  type RoundDone,
  type RoundReport,
  type SamplingExecutor,
} from '../../execution/index.js';
import { toGuidanceMessage, toSamplerMessage } from '../../protocol/index.js';
import { JobProgram, lastStepOf, type Round, type ScheduleSettings } from '../../program/index.js';
import type { Deployment } from './deployment.js';
import { type ExecutorOptions, JobAttempt, type ResultListener } from './job-attempt.js';
import { ReportCheck } from './report-check.js';
import type { WorkerHandle } from '../workers/index.js';

/**
 * Runs the rounds of one attempt of a job on the workers of a deployment. Sends each worker its tasks and the latents,
 * takes what they report of each round; boundary tensors, and latents where a worker runs the sampler, move between the workers
 * without coming by here (unless relayed).
 */
export class DistributedExecutor implements SamplingExecutor {
  readonly #deployment: Deployment;
  readonly program: JobProgram;
  readonly #attempt: number;
  readonly #noise = new Mailbox<Tensor>();
  readonly #done = new Mailbox<RoundDone>();
  /** Workers that read the latents of issued rounds, by `name@version`. */
  readonly #latentsReaders = new Map<string, ReadonlySet<string>>();
  readonly #options: ExecutorOptions;
  #job: JobAttempt | undefined;
  #jobId = '';
  #numSteps = 0;
  readonly #stride: number;
  #check = new ReportCheck([], 0);

  constructor(deployment: Deployment, settings: ScheduleSettings, attempt: number, options: ExecutorOptions) {
    this.#deployment = deployment;
    this.program = new JobProgram(deployment.partition, settings);
    this.#stride = settings.stride;
    this.#attempt = attempt;
    this.#options = options;
  }

  async start(job: JobStart): Promise<void> {
    this.#jobId = job.jobId;
    const { conditioning, sampler, guidance, ...rest } = job;
    this.#numSteps = job.timesteps.length;
    this.#check = new ReportCheck(sampler.latents.dims, this.#numSteps);
    const samplerMessage = toSamplerMessage(sampler);
    const started = new JobAttempt(
      this.#deployment,
      { jobId: job.jobId, attempt: this.#attempt },
      this.#options,
      (error) => this.#fail(error),
    );
    this.#job = started;
    await started.start(
      conditioning,
      (worker) => ({
        ...rest,
        guidance: guidance === undefined ? null : toGuidanceMessage(guidance),
        timesteps: [...job.timesteps],
        ...(worker.id === this.#deployment.samplingWorkerId ? { sampler: samplerMessage } : {}),
      }),
      (worker) => this.#resultsOf(worker),
    );
    started.watch(() => this.#noise.isAwaited || this.#done.isAwaited, this.#stride);
  }

  #resultsOf(worker: WorkerHandle): ResultListener {
    const tells = this.#deployment.specsOf(worker.id).some(({ output }) => output !== '');
    const checkTeller = (what: string): void => {
      if (!tells) throw new AsyncDiffError('invalid_input', `${what}, which it does not compute`);
    };
    return {
      onNoise: ({ step, tensor }) => {
        checkTeller(`the noise prediction of step ${step}`);
        this.#noise.deliver(step, this.#check.noise(step, tensor));
      },
      onRoundDone: ({ lastStep, state, held }) => {
        checkTeller(`the end of step ${lastStep}`);
        const done = { state: this.#check.checkpoint(lastStep, state, held), held };
        // None of the rounds that were issued for later steps will be done.
        const until = held ? this.#numSteps : lastStep + 1;
        for (let step = lastStep + (held ? 1 : 0); step < until; step++) this.#done.deliver(step, done);
      },
    };
  }

  issue(round: Round, report: RoundReport): void {
    this.#check.issued(lastStepOf(round), report === 'checkpoint');
    const { placed } = this.#started;
    const latents = this.program.latents(round).map(placed);
    for (const { name, version, workers } of latents) this.#latentsReaders.set(`${name}@${version}`, workers);
    const reads = [...this.program.made(round).map(placed), ...latents];
    this.#started.issue(this.program, round, report, reads);
  }

  latents({ name, version, tensor }: MadeLatents): void {
    // The worker that runs the sampler makes them itself, and passes them on.
    if (this.#deployment.samplingWorkerId !== undefined) return;
    const readers = this.#latentsReaders.get(`${name}@${version}`);
    const workers = [...this.#deployment.sampleReaders].filter(({ id }) => readers?.has(id) === true);
    if (workers.length > 0) this.#started.send(workers, name, version, tensor);
    this.#latentsReaders.delete(`${name}@${version}`);
  }

  noisePrediction(step: number): Promise<Tensor> {
    // The limit counts from here: until now the caller did not wait.
    if (!this.#noise.isAwaited) this.#started.moved();
    return this.#noise.take(step, { what: `job ${this.#jobId}: noise prediction of step ${step}` });
  }

  roundDone(lastStep: number): Promise<RoundDone> {
    return this.#done.take(lastStep, { what: `job ${this.#jobId}: round that ends with step ${lastStep}` });
  }

  async finish(isDone: boolean): Promise<ExecutionReport> {
    return (await this.#job?.finish(isDone)) ?? { workers: [] };
  }

  get #started(): JobAttempt {
    if (this.#job === undefined) throw new AsyncDiffError('internal', 'rounds of a job that was not started');
    return this.#job;
  }

  #fail(error: AsyncDiffError): void {
    this.#noise.fail(error);
    this.#done.fail(error);
  }
}
