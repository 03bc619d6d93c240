import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AsyncDiffError } from '../../common/errors/index.js';
import { float32 } from '../../common/tensor/index.js';
import { ArtifactShelf } from '../../coordinator/deployment/artifact-shelf.js';
import { Deployment } from '../../coordinator/deployment/deployment.js';
import { DistributedExecutor } from '../../coordinator/deployment/distributed-executor.js';
import { RelayMeter } from '../../coordinator/deployment/relay.js';
import type { JobStart } from '../../execution/index.js';
import type { Plan } from '../../planner/index.js';
import type { Round } from '../../program/index.js';
import { Choices } from '../support/choices.js';
import { MessageNet, type Order, ORDERS } from '../support/message-net.js';
import { SMALL_SCHEDULER } from '../support/small-predictor.js';
import { planFor } from '../support/model-plan.js';

/** Where the coordinator gives up what it is at. */
const CANCELS = ['never', 'while it deploys', 'while it starts', 'while a round runs'] as const;
type Cancel = (typeof CANCELS)[number];
/** Every wait of the coordinator has ended after so long. */
const LONG_MS = 60_000;
const LATENTS = float32(new Float32Array(4), [1, 4]);
const SCHEDULE = {
  numInferenceSteps: 2,
  stride: 1,
  warmUp: 2,
  end: 0,
  inOrder: [],
  timeShift: false,
} as const;

const job = (jobId: string): JobStart => ({
  jobId,
  trace: false,
  conditioning: {},
  timesteps: [900, 1],
  guidance: undefined,
  sampler: {
    nextStep: 0,
    latents: LATENTS,
    history: [],
    schedulerConfig: SMALL_SCHEDULER,
    name: 'ddim',
    numInferenceSteps: 2,
    options: '',
    noise: undefined,
  },
});

/** Settled, or not: a promise that can be looked at. */
interface Seen<T> {
  done: boolean;
  value: T | undefined;
  error: AsyncDiffError | undefined;
}

function watch<T>(promise: Promise<T>): Seen<T> {
  const seen: Seen<T> = { done: false, value: undefined, error: undefined };
  promise.then(
    (value) => Object.assign(seen, { done: true, value }),
    (error: AsyncDiffError) => Object.assign(seen, { done: true, error }),
  );
  return seen;
}

class Run {
  readonly net: MessageNet;
  readonly #plan: Plan;

  constructor(workers: number) {
    this.net = new MessageNet(workers);
    this.#plan = planFor(this.net.names);
    const last = workers - 1;
    for (const [at, machine] of this.net.machines.entries())
      machine.onRound = ({ jobId, attempt, lastStep }) => {
        // The worker that runs the sampler tells of the round.
        if (at !== last) return;
        const state = { nextStep: lastStep + 1, latents: LATENTS, history: [] };
        this.net.conversations[at]?.onRoundDone({
          type: 'round-done',
          jobId,
          attempt,
          lastStep,
          state,
          held: false,
        });
      };
  }

  /** One attempt from the deployment to the reports; the deployment if it came through, still there. */
  async attempt(deploymentId: string, number: number, cancel: Cancel): Promise<Deployment | undefined> {
    const controller = new AbortController();
    const { signal } = controller;
    const deployed = watch(
      Deployment.create({
        deploymentId,
        shelf: new ArtifactShelf(),
        plan: this.#plan,
        workers: this.net.handles,
        timing: { windowMs: 0 },
        isRelayed: () => true,
        relayMeter: new RelayMeter(),
        relayedBytes: 2 ** 20,
        onLinkDown: () => undefined,
        signal,
      }),
    );
    if (cancel === 'while it deploys') controller.abort();
    await this.#end(deployed, 'the deployment');
    const deployment = deployed.value;
    if (deployment === undefined) return undefined;
    const executor = new DistributedExecutor(deployment, SCHEDULE, number, {
      roundLimitMs: 5_000,
      onLinkFailed: () => undefined,
      signal,
    });
    const started = watch(executor.start(job('j')));
    if (cancel === 'while it starts') controller.abort();
    await this.#end(started, 'the start');
    let isDone = started.error === undefined;
    const [round] = executor.program.rounds as [Round];
    if (isDone) {
      const lastStep = round.firstStep + round.steps - 1;
      executor.issue(round, 'checkpoint');
      const done = watch(executor.roundDone(lastStep));
      if (cancel === 'while a round runs') isDone = false;
      else {
        await this.#end(done, 'the round');
        isDone = done.error === undefined;
      }
    }
    await this.#end(watch(executor.finish(isDone)), 'the end');
    if (isDone && deployment.alive) return deployment;
    deployment.close();
    return undefined;
  }

  async #end(seen: Seen<unknown>, what: string): Promise<void> {
    await this.net.settle();
    // Whatever is not answered now never is: its limit passes, and those of the questions after it.
    for (let times = 0; times < 4 && !seen.done; times++) {
      await vi.advanceTimersByTimeAsync(LONG_MS);
      await this.net.settle();
    }
    expect(seen.done, `${what} has an end`).toBe(true);
    expect(seen.error?.code, what).not.toBe('internal');
  }
}

async function explore(
  workers: number,
  cancel: Cancel,
  maxOther: number,
  orders: readonly Order[],
): Promise<number> {
  const choices = new Choices(maxOther);
  let runs = 0;
  do {
    for (const order of orders) {
      choices.again();
      const run = new Run(workers);
      const { net } = run;
      net.order = order;
      net.choices = choices;
      const first = await run.attempt('d1', 0, cancel);
      first?.close();
      await net.settle();
      // From here on everything arrives; what is late comes at its worst: when the next deployment was asked for, and at the end once more.
      net.choices = undefined;
      await net.rejoin();
      const next = run.attempt('d2', 1, 'never');
      await Promise.resolve();
      await net.release();
      const what = `choices ${choices.toString()}, ${order}`;
      expect((await next)?.deploymentId, what).toBe('d2');
      await net.release();
      expect(
        net.handles.map(({ state }) => state),
        what,
      ).toEqual(net.names.map(() => 'ready'));
      expect(
        net.machines.map(({ loaded }) => [...loaded]),
        what,
      ).toEqual(net.names.map(() => ['d2']));
      expect(
        net.machines.map(({ started }) => started.at(-1)),
        what,
      ).toEqual(net.names.map(() => 'j/1'));
      vi.clearAllTimers();
      runs += 1;
    }
  } while (choices.advance());
  return runs;
}

/** Messages of a run that do not simply arrive. `ASYNCDIFF_MODEL_FAULTS=2` takes every pair of them, for a minute or two. */
const FAULTS = Number(process.env['ASYNCDIFF_MODEL_FAULTS'] ?? 1);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe.each(CANCELS)('a deployment and a job, cancelled %s', (cancel) => {
  it.each([2, 3])(
    'of %i workers, whatever happens to any message: every wait ends, and the next attempt is as if nothing had been',
    async (workers) => {
      const runs = await explore(
        workers,
        cancel,
        FAULTS,
        FAULTS > 1 || workers === 2 ? ORDERS : ORDERS.slice(3),
      );
      if (FAULTS > 1) process.stdout.write(`${workers} workers, cancelled ${cancel}: ${runs} runs\n`);
      expect(runs).toBeGreaterThan(20);
    },
    600_000,
  );
});
