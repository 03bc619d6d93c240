import { describe, expect, test } from 'vitest';
import * as fc from 'fast-check';
import { scheduleFrom } from '../../execution/index.js';
import { partitionGraph } from '../../planner/search/index.js';
import {
  expandRound,
  listRounds,
  oldestVersionRead,
  readVersion,
  type ScheduleSettings,
} from '../../program/index.js';
import { runSegment, wholeFormula } from '../support/dataflow.js';
import { chainGraph, randomGraph } from '../support/random-graph.js';
import { randomSplitJob, schedule } from '../support/random-job.js';

/** [round, mode, first step, steps] of each round. */
const table = (settings: ScheduleSettings) =>
  listRounds(settings).map(({ round, mode, firstStep, steps }) => [round, mode, firstStep, steps]);

describe('listRounds', () => {
  test('S = 1', () => {
    expect(table(schedule(5, 1, 2))).toEqual([
      [-1, 'sync', 0, 1],
      [0, 'sync', 1, 1],
      [1, 'async', 2, 1],
      [2, 'async', 3, 1],
      [3, 'async', 4, 1],
    ]);
  });

  test('S = 2, one step left over', () => {
    expect(table(schedule(6, 2, 1))).toEqual([
      [0, 'sync', 0, 1],
      [1, 'async', 1, 2],
      [2, 'async', 3, 2],
      [3, 'async', 5, 1],
    ]);
  });

  test('S = 3, two steps left over', () => {
    expect(table(schedule(9, 3, 1))).toEqual([
      [0, 'sync', 0, 1],
      [1, 'async', 1, 3],
      [2, 'async', 4, 3],
      [3, 'async', 7, 2],
    ]);
  });

  test('w = T: every step in order', () => {
    expect(table(schedule(3, 2, 3))).toEqual([
      [-2, 'sync', 0, 1],
      [-1, 'sync', 1, 1],
      [0, 'sync', 2, 1],
    ]);
  });
});

const chain = partitionGraph(chainGraph([1, 1, 1]), { components: 3, shape: 'sequential' });
const [v0, v1] = chain.boundaryTensors.map((tensor) => tensor.name);

/** [segment, run, sample step, timestep step, reads, writes, eps step] of each task of the round at `at`. */
const tasks = (settings: ScheduleSettings, at: number, partition = chain) =>
  expandRound(partition, listRounds(settings)[at]!, settings).map((task) => [
    task.segment,
    task.run,
    task.sampleStep,
    task.timestepStep,
    task.reads.map(({ name, version }) => `${name}@${version}`),
    task.writes.map(({ name, version }) => `${name}@${version}`),
    task.epsStep,
  ]);

describe('expandRound', () => {
  test('a warm-up step reads what its own round wrote', () => {
    expect(tasks(schedule(5, 1, 2), 0)).toEqual([
      ['c1s0', 0, 0, 0, [], [`${v0}@-1`], undefined],
      ['c2s0', 0, 0, 0, [`${v0}@-1`], [`${v1}@-1`], undefined],
      ['c3s0', 0, 0, 0, [`${v1}@-1`], [], 0],
    ]);
  });

  test('S = 1: everything is one round old', () => {
    expect(tasks(schedule(5, 1, 2), 3)).toEqual([
      ['c1s0', 0, 3, 3, [], [`${v0}@2`], undefined],
      ['c2s0', 0, 3, 3, [`${v0}@1`], [`${v1}@2`], undefined],
      ['c3s0', 0, 3, 3, [`${v1}@1`], [], 3],
    ]);
  });

  test('S = 3: component N runs three times, the others once, at the last timestep', () => {
    expect(tasks(schedule(9, 3, 1), 2)).toEqual([
      ['c1s0', 0, 4, 6, [], [`${v0}@2`], undefined],
      ['c2s0', 0, 4, 6, [`${v0}@1`], [`${v1}@2`], undefined],
      ['c3s0', 0, 4, 4, [`${v1}@1`], [], 4],
      ['c3s0', 1, 4, 5, [`${v1}@1`], [], 5],
      ['c3s0', 2, 4, 6, [`${v1}@1`], [], 6],
    ]);
  });

  test('a shorter last round runs at the last timestep', () => {
    expect(tasks(schedule(9, 3, 1), 3)).toEqual([
      ['c1s0', 0, 7, 8, [], [`${v0}@3`], undefined],
      ['c2s0', 0, 7, 8, [`${v0}@2`], [`${v1}@3`], undefined],
      ['c3s0', 0, 7, 7, [`${v1}@2`], [], 7],
      ['c3s0', 1, 7, 8, [`${v1}@2`], [], 8],
    ]);
  });

  test('time_shift: the timestep of one step earlier, in rounds only', () => {
    const settings = schedule(21, 2, 5, true);
    const timesteps = (at: number) => tasks(settings, at).map(([segment, , , step]) => [segment, step]);
    expect(timesteps(4)).toEqual([
      ['c1s0', 4],
      ['c2s0', 4],
      ['c3s0', 4],
    ]);
    expect(timesteps(5)).toEqual([
      ['c1s0', 5],
      ['c2s0', 5],
      ['c3s0', 4],
      ['c3s0', 5],
    ]);
  });

  test('in a U-shape the last run of component N writes its boundary tensors', () => {
    const partition = partitionGraph(chainGraph([1, 1, 1]), { components: 2, shape: 'u-shaped' });
    expect(partition.segments.map((one) => one.id)).toEqual(['c2s0', 'c1s0', 'c2s1']);
    expect(tasks(schedule(5, 2, 1), 1, partition)).toEqual([
      ['c1s0', 0, 1, 2, [`${v0}@0`], [`${v1}@1`], undefined],
      // No head in the first run: what it makes goes to component 1 only, from the last run.
      ['c2s1', 0, 1, 1, [`${v1}@0`], [], 1],
      ['c2s0', 1, 1, 2, [], [`${v0}@1`], undefined],
      ['c2s1', 1, 1, 2, [`${v1}@0`], [], 2],
    ]);
  });

  test('lag 2 reads two rounds back, but never behind the last synchronous round', () => {
    const lagged = partitionGraph(chainGraph([1, 1]), { components: 2, shape: 'sequential', lag: 2 });
    const settings = schedule(5, 1, 1);
    const versions = [0, 1, 2, 3, 4].map((at) => tasks(settings, at, lagged).at(-1)![4]);
    expect(versions).toEqual([[`${v0}@0`], [`${v0}@0`], [`${v0}@0`], [`${v0}@1`], [`${v0}@2`]]);
  });
});

/** Timesteps fed in the asynchronous rounds of runs recorded from the official AsyncDiff code (SD 1.5's block structure, 21 steps). */
describe('the rounds of the official code', () => {
  const timesteps = Array.from({ length: 21 }, (_, step) => 941 - 47 * step);
  const recorded: [ScheduleSettings, [number, number, number, number[]][]][] = [
    [
      schedule(21, 2, 3),
      [753, 659, 565, 471, 377, 283, 189, 95, 1].map((last, at) => [3 + 2 * at, 2, last, [last + 47, last]]),
    ],
    [
      schedule(21, 2, 5, true),
      [706, 612, 518, 424, 330, 236, 142, 48].map((last, at) => [5 + 2 * at, 2, last, [last + 47, last]]),
    ],
    [schedule(21, 1, 3), Array.from({ length: 18 }, (_, at) => [3 + at, 1, 800 - 47 * at, [800 - 47 * at]])],
  ];
  test.each(recorded)('%j', (settings, expected) => {
    const rounds = listRounds(settings).filter((round) => round.mode === 'async');
    const ours = rounds.map((round) => {
      const all = expandRound(chain, round, settings);
      const first = all.find((task) => task.component === 1)!;
      const last = all.filter((task) => task.component === 3);
      return [
        round.firstStep,
        round.steps,
        timesteps[first.timestepStep],
        last.map((task) => timesteps[task.timestepStep]),
      ];
    });
    expect(ours).toEqual(expected);
  });
});

describe('the program of any plan', () => {
  test('reads only versions that were written, exactly as old as their lag, and each step is predicted once per micro-batch', () => {
    fc.assert(
      fc.property(randomSplitJob, ({ partition, settings }) => {
        const lags = new Map(partition.boundaryTensors.map((tensor) => [tensor.name, tensor.lag]));
        const written = new Set<string>();
        const predicted: number[] = [];
        let lastSync = Number.NEGATIVE_INFINITY;
        for (const round of listRounds(settings)) {
          if (round.mode === 'sync') lastSync = round.round;
          expect(round.lastSync).toBe(lastSync);
          const before = new Set(written);
          const oldest = oldestVersionRead(partition, round);
          for (const task of expandRound(partition, round, settings)) {
            for (const { name, version } of task.reads) {
              const age = round.round - version;
              expect(age).toBe(round.mode === 'sync' ? 0 : Math.min(lags.get(name)!, round.round - lastSync));
              expect(version).toBe(readVersion(round, lags.get(name)!));
              expect(version).toBeGreaterThanOrEqual(oldest);
              // In an asynchronous round nothing waits for the round itself.
              const there = round.mode === 'sync' ? written : before;
              expect(there.has(`${name}@${version}`)).toBe(true);
            }
            for (const { name, version } of task.writes) {
              expect(version).toBe(round.round);
              expect(written.has(`${name}@${version}`)).toBe(false);
              written.add(`${name}@${version}`);
            }
            if (task.epsStep !== undefined) predicted.push(task.epsStep);
          }
        }
        const steps = Array.from({ length: settings.numInferenceSteps }, (_, step) => step);
        // One half of a split batch stands before the other.
        expect(predicted.toSorted((a, b) => a - b)).toEqual(
          steps.flatMap((step) => Array(partition.microBatches).fill(step)),
        );
      }),
      { numRuns: 150 },
    );
  });

  test('computes the whole predictor in every synchronous round', () => {
    fc.assert(
      fc.property(randomGraph(20), fc.integer({ min: 1, max: 3 }), (graph, microCuts) => {
        const partition = partitionGraph(graph, { components: 1, microCuts });
        const settings = schedule(2, 1, 2);
        const segments = new Map(partition.segments.map((segment) => [segment.id, segment]));
        for (const round of listRounds(settings)) {
          const store = new Map(graph.inputs.map(({ name }) => [name, name]));
          for (const task of expandRound(partition, round, settings)) {
            const segment = segments.get(task.segment)!;
            for (const [name, formula] of runSegment(graph, partition, segment, (name) => store.get(name))) {
              store.set(name, formula);
            }
          }
          expect(store.get(graph.output)).toBe(wholeFormula(graph));
        }
      }),
      { numRuns: 50 },
    );
  });
});

test('what goes on after a loss runs in order what was to run in order, and one step at least', () => {
  const usual = { numInferenceSteps: 10, stride: 1, warmUp: 6, timeShift: false, end: 1 };
  const inOrder = (firstStep: number): number[] =>
    listRounds(scheduleFrom(usual, firstStep))
      .filter(({ mode }) => mode === 'sync')
      .map((round) => round.firstStep);
  expect(inOrder(0)).toEqual([0, 1, 2, 3, 4, 5, 9]);
  expect(inOrder(4)).toEqual([4, 5, 9]);
  expect(inOrder(8)).toEqual([8, 9]);
  const all = listRounds(scheduleFrom({ ...usual, warmUp: 10, end: 0 }, 7));
  expect(all.map(({ mode }) => mode)).toEqual(['sync', 'sync', 'sync']);
});
