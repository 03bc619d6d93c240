import {
  AsyncDiffClient,
  AsyncDiffError,
  type Job,
  type JobEvent,
  type JobResult,
} from '../../client/index.js';
import type { FaultyLink } from './faulty-link.js';
import { planOptionsOf } from './plan-options.js';
import type { ChaosJob, Moment } from './scenario.js';
import { tinyLatents, tinyScheduler } from './tiny-model.js';

/** A job that has not ended by then hangs: a cold plan on a busy machine, and four losses, each noticed by its deadline. */
const HUNG_MS = 120_000;
/** Of a client that lost its link, between two tries to follow its job. */
const COME_BACK_MS = 200;
const MAX_TRIES = 60;

export interface Outcome {
  readonly job: ChaosJob;
  readonly jobId: string;
  /** `done`, the code of its error, or `hung`. */
  readonly code: string;
  readonly message: string;
  readonly result: JobResult | undefined;
  readonly seconds: number;
}

interface JobRunOptions {
  readonly job: ChaosJob;
  readonly modelSha256: string;
  /** The client's way to the coordinator. */
  readonly link: FaultyLink;
  /** A moment of the job has come; each comes once, also where it passes too fast to be seen. */
  readonly onMoment: (moment: Moment) => void;
}

/** Runs a job as its client does, which may cancel it, leave it, or lose it and come back. */
export async function runChaosJob(options: JobRunOptions): Promise<Outcome> {
  const { job, link } = options;
  const startMs = performance.now();
  let client = new AsyncDiffClient(link.address);
  const { variant: _variant, client: kind } = job;
  const running = client.denoise({
    modelSha256: options.modelSha256,
    schedulerConfig: tinyScheduler(job.scheduler),
    inputs: { sample: tinyLatents(job.size) },
    numInferenceSteps: job.steps,
    sendSteps: job.sendSteps,
    detached: kind === 'comes back',
    plan: planOptionsOf(job),
  });
  const outcome = (code: string, message: string, result?: JobResult): Outcome => ({
    job,
    jobId: running.id,
    code,
    message,
    result,
    seconds: (performance.now() - startMs) / 1000,
  });
  const moments = new Moments(job, (moment) => {
    options.onMoment(moment);
    if (moment === job.clientMoment) act(kind, { client, running, link });
  });
  const following = follow(running, moments).catch(async (error: unknown) => {
    if (kind !== 'comes back') throw error;
    client.close();
    client = new AsyncDiffClient(link.address);
    return comeBack(client, running.id, moments);
  });
  let timer: NodeJS.Timeout | undefined;
  const hung = new Promise<'hung'>((resolve) => {
    timer = setTimeout(() => resolve('hung'), HUNG_MS);
  });
  try {
    const result = await Promise.race([following, hung]);
    return result === 'hung' ? outcome('hung', `no end in ${HUNG_MS / 1000} s`) : outcome('done', '', result);
  } catch (error) {
    const { code, rawMessage } = AsyncDiffError.from(error);
    return outcome(code, rawMessage);
  } finally {
    clearTimeout(timer);
    client.close();
    moments.pass('between');
  }
}

function act(
  kind: ChaosJob['client'],
  { client, running, link }: { client: AsyncDiffClient; running: Job; link: FaultyLink },
): void {
  if (kind === 'cancels') void running.cancel().catch(() => false);
  else if (kind === 'leaves') client.close();
  else if (kind === 'loses its link' || kind === 'comes back') link.cut();
}

async function follow(running: Job, moments: Moments): Promise<JobResult> {
  moments.pass('queued');
  for await (const event of running) {
    moments.see(event);
    if (event.type === 'done') return event;
  }
  throw new Error('the job ended without a result');
}

async function comeBack(client: AsyncDiffClient, jobId: string, moments: Moments): Promise<JobResult> {
  for (let tries = 1; ; tries++) {
    try {
      return await follow(client.attach(jobId), moments);
    } catch (error) {
      if (tries === MAX_TRIES || AsyncDiffError.from(error).code !== 'coordinator_unreachable') throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, COME_BACK_MS));
  }
}

const ORDER: readonly Moment[] = [
  'joining',
  'queued',
  'planning',
  'sending',
  'starting',
  'running',
  'ending',
  'between',
];
const PLANNING: ReadonlySet<string> = new Set(['fold', 'cut', 'hash', 'plan']);

/** The moments of a job in their order, as its events show them. */
class Moments {
  readonly #runningStep: number;
  readonly #steps: number;
  readonly #tell: (moment: Moment) => void;
  #next = 0;

  constructor({ mishaps, steps }: ChaosJob, tell: (moment: Moment) => void) {
    this.#runningStep = Math.max(1, Math.floor(steps * (mishaps[0]?.stepShare ?? 0.5)));
    this.#steps = steps;
    this.#tell = tell;
  }

  see(event: JobEvent): void {
    if (event.type === 'preparing') this.pass(PLANNING.has(event.stage) ? 'planning' : 'sending');
    else if (event.type === 'planned') this.pass('starting');
    else if (event.type === 'progress' || event.type === 'step') {
      const done = event.type === 'step' ? event.step + 1 : event.step;
      if (done >= this.#runningStep) this.pass('running');
      if (done >= this.#steps) this.pass('ending');
    }
  }

  /** This moment has come, and with it those before it that were not seen. */
  pass(moment: Moment): void {
    const until = ORDER.indexOf(moment);
    while (this.#next <= until) {
      const passed = ORDER[this.#next] as Moment;
      this.#next += 1;
      this.#tell(passed);
    }
  }
}
