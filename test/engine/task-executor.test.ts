import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AsyncDiffError } from '../../common/errors/index.js';
import { float32, type Tensor } from '../../common/tensor/index.js';
import {
  type ExecutorEvents,
  type IssuedRound,
  type JobContext,
  type LoadedSegment,
  type RoundReport,
  type SamplerState,
  type SegmentSpec,
  TaskExecutor,
} from '../../engine/index.js';
import { LATENTS } from '../../partition/index.js';
import type { Task } from '../../schedule/index.js';

const SHAPE = { dtype: 'float32', dims: [1, 2] } as const;
const BLANK: Omit<SegmentSpec, 'id' | 'component' | 'inputs' | 'outputs'> = {
  index: 0,
  session: '',
  microBatch: 0,
  microBatches: 1,
  sha256: '',
  sizeBytes: 0,
  sampleInput: '',
  timestepInput: '',
  conditioning: [],
  localReads: [],
  boundaryReads: [],
  localWrites: [],
  boundaryWrites: [],
  output: '',
  declaredMs: 0,
};

/** A segment that computes by a formula on numbers instead of by ONNX Runtime. */
function segment(
  spec: Partial<SegmentSpec> & Pick<SegmentSpec, 'id' | 'component'>,
  reads: readonly string[],
  writes: readonly string[],
  formula: (values: readonly Float32Array[]) => number[],
): LoadedSegment & { runs: number; released: boolean } {
  const whole: SegmentSpec = {
    ...BLANK,
    inputs: reads.map((name) => ({ name, ...SHAPE })),
    outputs: writes.map((name) => ({ name, ...SHAPE })),
    ...spec,
  };
  const loaded = {
    spec: whole,
    runs: 0,
    released: false,
    session: {
      async run(feeds: Readonly<Record<string, Tensor>>) {
        loaded.runs += 1;
        const result = formula(reads.map((name) => feeds[name]?.data as Float32Array));
        return Object.fromEntries(writes.map((name) => [name, float32(Float32Array.from(result), [1, 2])]));
      },
      async release() {
        loaded.released = true;
      },
    },
  };
  return loaded;
}

/** head: b = 2 x + c; tail: eps = b - x. */
const head = () =>
  segment(
    { id: 'head', component: 1, sampleInput: 'sample', conditioning: ['c'], boundaryWrites: ['b'] },
    ['sample', 'c'],
    ['b'],
    ([x, c]) => [0, 1].map((at) => 2 * (x?.[at] as number) + (c?.[at] as number)),
  );
const tail = () =>
  segment(
    { id: 'tail', component: 2, sampleInput: 'sample', boundaryReads: ['b'], output: 'eps' },
    ['sample', 'b'],
    ['eps'],
    ([x, b]) => [0, 1].map((at) => (b?.[at] as number) - (x?.[at] as number)),
  );

function task(round: number, name: 'head' | 'tail'): Task {
  const isTail = name === 'tail';
  return {
    id: `r${round}/${name}/j0`,
    round,
    component: isTail ? 2 : 1,
    segment: name,
    run: 0,
    sampleStep: round,
    timestepStep: round,
    reads: isTail ? [{ name: 'b', version: Math.max(0, round - 1) }] : [],
    writes: isTail ? [] : [{ name: 'b', version: round }],
    epsStep: isTail ? round : undefined,
  };
}

const vector = (a: number, b: number): Tensor => float32(Float32Array.of(a, b), [1, 2]);

function context(jobId: string, conditioning: JobContext['conditioning'] = { c: vector(1, 2) }): JobContext {
  return {
    jobId,
    attempt: 0,
    planId: 'plan',
    conditioning,
    timesteps: [900, 800, 700],
    batchRepeat: 1,
    guidanceScale: 0,
    trace: true,
  };
}

const issued = (
  round: number,
  names: readonly ('head' | 'tail')[],
  report: RoundReport = 'noise',
): IssuedRound => ({
  round,
  tasks: names.map((name) => task(round, name)),
  oldestVersion: Math.max(0, round - 1),
  oldestStep: round,
  lastStep: round,
  report,
});

interface Outcome {
  readonly noise: Map<number, number[]>;
  readonly boundary: string[];
  readonly done: { readonly lastStep: number; readonly state: SamplerState | undefined }[];
  readonly faults: AsyncDiffError[];
}

function executor(leaves = false, more: Partial<ExecutorEvents> = {}): Outcome & { tasks: TaskExecutor } {
  const outcome: Outcome = { noise: new Map(), boundary: [], done: [], faults: [] };
  const tasks = new TaskExecutor({
    onBoundary: (_job, name, version) => outcome.boundary.push(`${name}@${version}`),
    onNoise: (_job, step, tensor) => outcome.noise.set(step, [...(tensor.data as Float32Array)]),
    onLatents: (_job, step) => outcome.boundary.push(`latents@${step}`),
    onRoundDone: (_job, lastStep, state) => outcome.done.push({ lastStep, state }),
    onFault: (_job, error) => outcome.faults.push(error),
    leaves: () => leaves,
    ...more,
  });
  return { ...outcome, tasks };
}

describe('TaskExecutor', () => {
  it('asks for what has come unasked before it looks, and says when it has nothing to do', async () => {
    let starved = 0;
    let unasked: (() => void) | undefined;
    const { tasks, noise } = executor(false, {
      collect: () => {
        const add = unasked;
        unasked = undefined;
        add?.();
      },
      onStarved: () => (starved += 1),
    });
    const isB = (name: string): boolean => name === 'b';
    const isLatents = (name: string): boolean => name === LATENTS;
    tasks.load('plan', [tail()]);
    tasks.addRound('job', 0, issued(1, ['tail']));
    expect(tasks.lacksOnly(() => true)).toBe(false);
    tasks.startJob(context('job'));
    await tasks.idle();
    expect([isB, isLatents].map((isMeant) => tasks.lacksOnly(isMeant))).toEqual([false, false]);
    expect(tasks.lacksOnly((name) => isB(name) || isLatents(name))).toBe(true);
    tasks.addLatents('job', 0, 1, vector(1, 1));
    await tasks.idle();
    expect([isB, isLatents].map((isMeant) => tasks.lacksOnly(isMeant))).toEqual([true, false]);
    const before = starved;
    expect(before).toBeGreaterThan(0);
    unasked = () => tasks.addTensor('job', 0, 'b', 0, vector(5, 6));
    tasks.addRound('job', 0, issued(2, ['tail']));
    await tasks.idle();
    expect([...noise]).toEqual([[1, [4, 5]]]);
    expect(starved).toBe(before + 1);
    // Of a job that has ended nothing is kept.
    expect(tasks.endJob('job', 0)).toBeDefined();
    tasks.addLatents('job', 0, 2, vector(1, 1));
    expect(tasks.lacksOnly(() => true)).toBe(false);
    expect(tasks.endJob('job', 0)).toBeUndefined();
  });

  it('gives the same noise predictions in whatever order things come', async () => {
    const steps = [0, 1, 2];
    const events = [
      'start',
      ...steps.map((step) => `latents ${step}`),
      ...steps.map((round) => `round ${round}`),
    ];
    // eps_r = 2 x_v + c - x_r with v = max(0, r - 1), x_s = [s, 10 s].
    const expected = steps.map((step) => {
      const version = Math.max(0, step - 1);
      return [2 * version + 1 - step, 20 * version + 2 - 10 * step];
    });
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(events, { minLength: events.length }),
        fc.boolean(),
        async (order, pause) => {
          const { tasks, noise, faults } = executor();
          tasks.load('plan', [head(), tail()]);
          // Rounds are issued on one stream, and so in order; latents, tensors and the start come when they come.
          let round = 0;
          for (const event of order) {
            const [what, number] = event.split(' ');
            const at = what === 'round' ? round++ : Number(number);
            if (what === 'start') tasks.startJob(context('job'));
            else if (what === 'latents') tasks.addLatents('job', 0, at, vector(at, 10 * at));
            else tasks.addRound('job', 0, issued(at, ['head', 'tail']));
            if (pause) await tasks.idle();
          }
          await tasks.idle();
          expect(faults).toEqual([]);
          expect(steps.map((step) => noise.get(step))).toEqual(expected);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('takes boundary tensors that come before the job, and tells those that leave', async () => {
    const consumer = executor();
    consumer.tasks.load('plan', [tail()]);
    consumer.tasks.addTensor('job', 0, 'b', 0, vector(5, 7));
    consumer.tasks.addRound('job', 0, issued(0, ['tail']));
    consumer.tasks.addLatents('job', 0, 0, vector(1, 1));
    await consumer.tasks.idle();
    expect(consumer.noise.size).toBe(0);
    consumer.tasks.startJob(context('job'));
    await consumer.tasks.idle();
    expect(consumer.noise.get(0)).toEqual([4, 6]);

    const producer = executor(true);
    producer.tasks.load('plan', [head()]);
    producer.tasks.startJob(context('job'));
    producer.tasks.addRound('job', 0, issued(0, ['head']));
    producer.tasks.addLatents('job', 0, 0, vector(1, 1));
    await producer.tasks.idle();
    expect(producer.boundary).toEqual(['b@0']);
  });

  it('runs the sampler, and tells of a round what it was issued with', async () => {
    const { tasks, noise, done } = executor();
    tasks.load('plan', [head(), tail()]);
    const sampler = {
      schedulerConfig: JSON.stringify({ _class_name: 'DDIMScheduler', clip_sample: false }),
      name: 'ddim',
      numInferenceSteps: 3,
      nextStep: 0,
      latents: vector(1, 1),
      history: [],
    };
    tasks.startJob({ ...context('job'), sampler });
    for (const [round, report] of (['nothing', 'progress', 'checkpoint'] as const).entries())
      tasks.addRound('job', 0, issued(round, ['head', 'tail'], report));
    tasks.addLatents('job', 0, 0, vector(1, 1));
    await tasks.idle();
    expect(done.map(({ lastStep, state }) => [lastStep, state?.nextStep])).toEqual([
      [1, undefined],
      [2, 3],
    ]);
    expect(done[1]?.state?.latents.dims).toEqual([1, 2]);
    expect(noise.size).toBe(0);
  });

  it('does not mix attempts, and forgets tensors of a job that has ended', async () => {
    const { tasks, noise } = executor();
    tasks.load('plan', [tail()]);
    tasks.startJob(context('job'));
    expect(tasks.endJob('job', 0)).toBeDefined();
    tasks.addTensor('job', 0, 'b', 0, vector(5, 7));
    expect(tasks.endJob('job', 0)).toBeUndefined();
    tasks.startJob({ ...context('job'), attempt: 1 });
    tasks.addRound('job', 1, issued(0, ['tail']));
    tasks.addLatents('job', 1, 0, vector(0, 0));
    await tasks.idle();
    expect(noise.size).toBe(0);
    tasks.addTensor('job', 1, 'b', 0, vector(1, 2));
    await tasks.idle();
    expect(noise.get(0)).toEqual([1, 2]);
    // A name that comes again begins anew.
    tasks.startJob(context('job'));
    tasks.addTensor('job', 0, 'b', 0, vector(3, 3));
    tasks.addLatents('job', 0, 0, vector(0, 0));
    tasks.addRound('job', 0, issued(0, ['tail']));
    await tasks.idle();
    expect(noise.get(0)).toEqual([3, 3]);
  });

  it('names step, component and the input that NaN came in with, and runs nothing of the job after that', async () => {
    const { tasks, noise, faults } = executor();
    const last = tail();
    tasks.load('plan', [head(), last]);
    tasks.startJob(context('job', { c: vector(Number.NaN, 1) }));
    tasks.addRound('job', 0, issued(0, ['head', 'tail']));
    tasks.addLatents('job', 0, 0, vector(1, 1));
    await tasks.idle();
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatchObject({
      code: 'not_finite',
      message: expect.stringMatching(/"b" of round 0.*component 1 at step 0/),
    });
    expect([last.runs, noise.size]).toEqual([0, 0]);

    const consumer = executor();
    consumer.tasks.load('plan', [tail()]);
    consumer.tasks.startJob(context('job'));
    consumer.tasks.addTensor('job', 0, 'b', 0, vector(Number.POSITIVE_INFINITY, 0));
    consumer.tasks.addRound('job', 0, issued(0, ['tail']));
    consumer.tasks.addLatents('job', 0, 0, vector(1, 1));
    await consumer.tasks.idle();
    expect(consumer.faults[0]?.message).toMatch(
      /noise prediction of step 0.*component 2.*input "b" held it already/,
    );
  });

  it('says which input was not given, or has the wrong shape', async () => {
    for (const [conditioning, text] of [
      [{}, /input "c" was not given/],
      [{ c: float32(new Float32Array(3), [1, 3]) }, /head takes "c" as \[1,2\], it was given \[1,3\]/],
    ] as const) {
      const { tasks, faults } = executor();
      tasks.load('plan', [head()]);
      tasks.startJob(context('job', conditioning));
      tasks.addRound('job', 0, issued(0, ['head']));
      tasks.addLatents('job', 0, 0, vector(1, 1));
      await tasks.idle();
      expect(faults[0]).toMatchObject({ code: 'invalid_input', message: expect.stringMatching(text) });
    }
  });

  it('releases the sessions of a plan that is taken off', async () => {
    const { tasks } = executor();
    const [first, second] = [head(), tail()];
    tasks.load('plan', [first, second]);
    await tasks.unload('plan');
    await tasks.unload('plan');
    expect([first.released, second.released]).toEqual([true, true]);
  });
});
