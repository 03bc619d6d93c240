import { Mailbox } from '../common/pending/index.js';
import type { Tensor } from '../common/tensor/index.js';
import type { Partition } from '../program/index.js';
import { JobProgram, type Round, type ScheduleSettings } from '../program/index.js';
import { issuedRound } from './issued-round.js';
import type { MadeLatents } from './job-sampler.js';
import type { LoadedSegment } from './load-segments.js';
import type { ExecutionReport, JobStart, RoundExecutor } from './round-executor.js';
import { TaskExecutor } from './task-executor.js';

const PLAN = 'reference';
const ATTEMPT = 0;

/**
 * The answer that every other executor must equal bit for bit on the same execution provider and thread count: the
 * same tasks, one after another, in this process.
 */
export class ReferenceExecutor implements RoundExecutor {
  readonly program: JobProgram;
  readonly #tasks: TaskExecutor;
  #noise = new Mailbox<Tensor>();
  #jobId = '';

  constructor(partition: Partition, settings: ScheduleSettings, segments: readonly LoadedSegment[]) {
    this.program = new JobProgram(partition, settings);
    this.#tasks = new TaskExecutor({
      onBoundary: () => {},
      onNoise: (_job, step, tensor) => this.#noise.deliver(step, tensor),
      onLatents: () => {},
      onRoundDone: () => {},
      onHeld: () => {},
      onFault: (_job, error) => this.#noise.fail(error),
      leaves: () => false,
    });
    this.#tasks.load(PLAN, segments);
  }

  async start(job: JobStart): Promise<void> {
    this.#noise = new Mailbox<Tensor>();
    this.#jobId = job.jobId;
    // The sampler stays with the caller: what runs it on a worker is held against this.
    this.#tasks.startJob({ ...job, sampler: undefined, attempt: ATTEMPT, deploymentId: PLAN });
  }

  issue(round: Round): void {
    const issued = issuedRound(this.program, round, this.program.tasks(round), 'noise');
    this.#tasks.addRound(this.#jobId, ATTEMPT, issued);
  }

  latents({ name, version, tensor }: MadeLatents): void {
    this.#tasks.addTensor(this.#jobId, ATTEMPT, name, version, tensor);
  }

  noisePrediction(step: number): Promise<Tensor> {
    return this.#noise.take(step, { what: `noise prediction of step ${step}, computed in this process` });
  }

  async finish(): Promise<ExecutionReport> {
    const state = this.#tasks.endJob(this.#jobId, ATTEMPT);
    await this.#tasks.idle();
    if (state === undefined) return { workers: [] };
    const { computeMs, waitMs, spans } = state.timing;
    return {
      workers: [
        { workerId: PLAN, computeMs, waitMs, sentBytes: {}, segmentMs: state.timing.segmentMs(), spans },
      ],
    };
  }

  async close(): Promise<void> {
    await this.#tasks.unload(PLAN);
  }
}
