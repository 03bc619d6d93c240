import * as fc from 'fast-check';
import { LATENTS } from '../../program/index.js';
import { describe, expect, it } from 'vitest';
import { float32 } from '../../common/tensor/index.js';
import { context, executor, head, issued, tail, vector } from '../support/fake-segments.js';

describe('TaskExecutor', () => {
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
            else if (what === 'latents') tasks.addTensor('job', 0, LATENTS, at, vector(at, 10 * at));
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
    consumer.tasks.addTensor('job', 0, LATENTS, 0, vector(1, 1));
    await consumer.tasks.idle();
    expect(consumer.noise.size).toBe(0);
    consumer.tasks.startJob(context('job'));
    await consumer.tasks.idle();
    expect(consumer.noise.get(0)).toEqual([4, 6]);

    const producer = executor(true);
    producer.tasks.load('plan', [head()]);
    producer.tasks.startJob(context('job'));
    producer.tasks.addRound('job', 0, issued(0, ['head']));
    producer.tasks.addTensor('job', 0, LATENTS, 0, vector(1, 1));
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
      options: '',
      noise: undefined,
      nextStep: 0,
      latents: vector(1, 1),
      history: [],
    };
    tasks.startJob({ ...context('job'), sampler });
    for (const [round, report] of (['nothing', 'progress', 'checkpoint'] as const).entries())
      tasks.addRound('job', 0, issued(round, ['head', 'tail'], report));
    tasks.addTensor('job', 0, LATENTS, 0, vector(1, 1));
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
    tasks.addTensor('job', 1, LATENTS, 0, vector(0, 0));
    await tasks.idle();
    expect(noise.size).toBe(0);
    tasks.addTensor('job', 1, 'b', 0, vector(1, 2));
    await tasks.idle();
    expect(noise.get(0)).toEqual([1, 2]);
    // A name that comes again begins anew.
    tasks.startJob(context('job'));
    tasks.addTensor('job', 0, 'b', 0, vector(3, 3));
    tasks.addTensor('job', 0, LATENTS, 0, vector(0, 0));
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
    tasks.addTensor('job', 0, LATENTS, 0, vector(1, 1));
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
    consumer.tasks.addTensor('job', 0, LATENTS, 0, vector(1, 1));
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
      tasks.addTensor('job', 0, LATENTS, 0, vector(1, 1));
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
