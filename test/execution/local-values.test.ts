import { describe, expect, it } from 'vitest';
import { LocalValues } from '../../execution/local-values.js';
import type { AsyncDiffError } from '../../common/errors/index.js';
import { type DeviceValue, innerValues, TaskExecutor } from '../../execution/index.js';
import { LATENTS } from '../../program/index.js';
import { BLANK, context, issued, segment, vector } from '../support/fake-segments.js';

/** A value on a device that counts how often it was given back. */
function onDevice(): DeviceValue & { released: number } {
  const value = {
    dtype: 'float32' as const,
    dims: [1, 2],
    released: 0,
    release: () => void value.released++,
  };
  return value;
}

describe('LocalValues', () => {
  it('gives a value back when its last reader has run, once', () => {
    const values = new LocalValues();
    const value = onDevice();
    values.put('a', 3, value, 2);
    values.wasRead('a', 3);
    expect(values.get('a', 3)).toBe(value);
    expect(value.released).toBe(0);
    values.wasRead('a', 3);
    expect(values.has('a', 3)).toBe(false);
    values.wasRead('a', 3);
    values.clear();
    expect(value.released).toBe(1);
  });

  it('gives back what is overwritten, what is old, and the rest at the end', () => {
    const values = new LocalValues();
    const [first, second, old, late] = [onDevice(), onDevice(), onDevice(), onDevice()];
    values.put('a', 1, first, 1);
    values.put('a', 1, second, 1);
    expect(first.released).toBe(1);
    values.put('b', 0, old, 1);
    values.put('b', 2, late, 1);
    values.dropBelow(1);
    expect([old.released, late.released, second.released]).toEqual([1, 0, 0]);
    // Who would have read the first one reads the second.
    values.wasRead('a', 1);
    expect(second.released).toBe(0);
    values.clear();
    expect([old.released, late.released, second.released]).toEqual([1, 1, 1]);
    expect(values.size).toBe(0);
  });
});

describe('values between sessions of a component', () => {
  /** `first` leaves `v` on its device, `second` makes the noise prediction of it; both are tasks of one run. */
  function component() {
    const made: (DeviceValue & { released: number })[] = [];
    const first = segment(
      { id: 'head', component: 1, sampleInput: 'sample', localWrites: ['v'] },
      ['sample'],
      ['v'],
      () => [],
    );
    first.session.run = async () => {
      const value = onDevice();
      made.push(value);
      return { v: value };
    };
    const second = segment(
      { id: 'tail', component: 1, localReads: ['v'], output: 'eps' },
      ['v'],
      ['eps'],
      () => [1, 2],
    );
    const read: unknown[] = [];
    const compute = second.session.run.bind(second.session);
    second.session.run = async (feeds) => {
      read.push(feeds['v']);
      // It is read when the run comes to it, not when it is asked for.
      await new Promise((resolve) => setImmediate(resolve));
      expect((feeds['v'] as unknown as { released: number }).released).toBe(0);
      return compute({});
    };
    return { made, read, segments: [first, second] };
  }

  function start(
    segments: ReturnType<typeof component>['segments'],
    onNoise = (): void => undefined,
    onFault = (error: AsyncDiffError): unknown => {
      throw error;
    },
  ): TaskExecutor {
    const tasks = new TaskExecutor({
      onBoundary: () => undefined,
      onNoise,
      onLatents: () => undefined,
      onRoundDone: () => undefined,
      onHeld: () => undefined,
      onFault: (_job, error) => void onFault(error),
      leaves: () => false,
    });
    tasks.load('plan', segments);
    tasks.startJob(context('job'));
    const round = issued(
      0,
      segments.map(({ spec }) => spec.id as 'head' | 'tail'),
    );
    tasks.addRound('job', 0, {
      ...round,
      tasks: round.tasks.map((task) => ({ ...task, component: 1, reads: [], writes: [] })),
    });
    tasks.addTensor('job', 0, LATENTS, 0, vector(1, 1));
    return tasks;
  }

  it('reach the next session as they are, and are given back when it has run', async () => {
    const { made, read, segments } = component();
    const tasks = start(segments);
    await tasks.idle();
    expect(read).toEqual(made);
    expect(made.map(({ released }) => released)).toEqual([1]);
  });

  it('are given back where the result that came with them is not finite', async () => {
    const made: ReturnType<typeof onDevice>[] = [];
    // `v` stays on the device, the noise prediction that came with it is NaN.
    const only = segment(
      { id: 'tail', component: 1, sampleInput: 'sample', localWrites: ['v'], output: 'eps' },
      ['sample'],
      ['v', 'eps'],
      () => [],
    );
    only.session.run = async () => {
      const value = onDevice();
      made.push(value);
      return { v: value, eps: vector(Number.NaN, 1) };
    };
    const faults: string[] = [];
    const tasks = start([only], undefined, ({ code }) => faults.push(code));
    await tasks.idle();
    expect(faults).toEqual(['not_finite']);
    expect(made.map(({ released }) => released)).toEqual([1]);
  });

  it('stay while a session reads them, also where the job ends meanwhile, and go with the job', async () => {
    const { made, segments } = component();
    const [first, second] = segments;
    const compute = second!.session.run.bind(second!.session);
    let running: (() => void) | undefined;
    const begun = new Promise<void>((resolve) => {
      running = resolve;
    });
    second!.session.run = (feeds) => {
      const result = compute(feeds);
      running?.();
      return result;
    };
    const tasks = start([first!, second!]);
    await begun;
    tasks.endJob('job', 0);
    expect(made.map(({ released }) => released)).toEqual([0]);
    await tasks.idle();
    expect(made.map(({ released }) => released)).toEqual([1]);
  });

  it('are those that neither leave the component nor are the noise prediction', () => {
    const spec = { ...BLANK, id: 's', component: 1, inputs: [], outputs: [] };
    const writes = { localWrites: ['a', 'b', 'eps'], boundaryWrites: ['b'], output: 'eps' };
    expect(innerValues({ ...spec, ...writes })).toEqual(['a']);
    expect(innerValues({ ...spec, localWrites: ['a#1'], microBatch: 1, microBatches: 2 })).toEqual(['a']);
  });
});
