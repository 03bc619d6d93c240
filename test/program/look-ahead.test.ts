import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { partitionGraph, predictPeriod } from '../../planner/search/index.js';
import { simulate } from '../../planner/simulator/index.js';
import {
  isLatents,
  isPredictable,
  JobProgram,
  LATENTS,
  lastStepOf,
  type Partition,
  type Round,
  type ScheduleSettings,
  stagesOf,
  type Task,
  travellingLatents,
} from '../../program/index.js';
import { runSegment, wholeFormula } from '../support/dataflow.js';
import { chainGraph } from '../support/random-graph.js';
import { randomAheadJob, randomSplitAheadJob } from '../support/random-job.js';

const chainOf = (components: number, lag: 1 | 2 = 1, shape: 'sequential' | 'u-shaped' = 'sequential') =>
  partitionGraph(chainGraph([1, 1, 1, 1].slice(0, components + (shape === 'u-shaped' ? 1 : 0))), {
    components,
    shape,
    lag,
  });

const ahead = (numInferenceSteps: number, more: Partial<ScheduleSettings> = {}): ScheduleSettings => ({
  numInferenceSteps,
  stride: 1,
  warmUp: 2,
  timeShift: false,
  lookAhead: { replicas: false },
  ...more,
});

/** `segment j run: step <- latents, reads -> writes` of each task of a round. */
function tasks(partition: Partition, settings: ScheduleSettings, at: number): string[] {
  const program = new JobProgram(partition, settings);
  const names = new Map(partition.boundaryTensors.map(({ name }, index) => [name, `b${index}`]));
  const short = (name: string) => names.get(name) ?? name.slice(LATENTS.length);
  return program
    .tasks(program.rounds[at] as Round)
    .map(({ segment, run, sampleStep, latents, reads, writes }) => {
      const read = reads.map(({ name, version, blend }) => {
        const older = blend === undefined ? '' : `~${blend.version}*${1 - blend.share}`;
        return ` ${short(name)}@${version}${older}`;
      });
      const written = writes.map(({ name, version }) => ` ${short(name)}@${version}`);
      return `${segment}j${run}: ${sampleStep} <- x${short(latents.name)}@${latents.version}${read.join('')} ->${written.join('')}`;
    });
}

describe('how far stages look ahead', () => {
  const distances = (partition: Partition) =>
    stagesOf(partition).map(({ component, ahead: rounds }) => [component, rounds]);

  test('along a chain, one round for every component that follows; a round more before a lagged cut', () => {
    expect(distances(chainOf(3))).toEqual([
      [1, 2],
      [2, 1],
      [3, 0],
    ]);
    expect(distances(chainOf(2, 2))).toEqual([
      [1, 2],
      [2, 0],
    ]);
  });

  test('the head of a U-shape is no further away than the component that reads it', () => {
    expect(distances(chainOf(2, 1, 'u-shaped'))).toEqual([
      [2, 1],
      [1, 1],
      [2, 0],
    ]);
  });
});

describe('the tasks of a job that looks ahead', () => {
  test('N = 3: the last warm-up step fills, the rounds compute for where their outputs are read', () => {
    expect(tasks(chainOf(3), ahead(9), 1)).toEqual([
      'c1s0j0: 1 <- x@1 -> b0@1',
      'c2s0j0: 1 <- x@1 b0@1 -> b1@1',
      'c3s0j0: 1 <- x@1 b1@1 ->',
      'c1s0j0: 2 <- x+1@1 -> b0@2',
      'c2s0j0: 2 <- x+1@1 b0@2 -> b1@2',
      'c1s0j0: 3 <- x+2@1 -> b0@3',
    ]);
    expect(tasks(chainOf(3), ahead(9), 2)).toEqual([
      'c1s0j0: 4 <- x+2@2 -> b0@4',
      'c2s0j0: 3 <- x+1@2 b0@3 -> b1@3',
      'c3s0j0: 2 <- x@2 b1@2 ->',
    ]);
  });

  test('nothing is made for a step in order, nor beyond the end', () => {
    const settings = ahead(9, { end: 1 });
    expect(tasks(chainOf(3), settings, 6)).toEqual([
      'c2s0j0: 7 <- x+1@6 b0@7 -> b1@7',
      'c3s0j0: 6 <- x@6 b1@6 ->',
    ]);
    expect(tasks(chainOf(3), settings, 7)).toEqual(['c3s0j0: 7 <- x@7 b1@7 ->']);
    expect(tasks(chainOf(3), settings, 8)).toHaveLength(3);
  });

  test('a step in order within the run fills anew', () => {
    const settings = ahead(9, { inOrder: [5] });
    expect(tasks(chainOf(2), settings, 4)).toEqual(['c2s0j0: 4 <- x@4 b0@4 ->']);
    expect(tasks(chainOf(2), settings, 5)).toEqual([
      'c1s0j0: 5 <- x@5 -> b0@5',
      'c2s0j0: 5 <- x@5 b0@5 ->',
      'c1s0j0: 6 <- x+1@5 -> b0@6',
    ]);
  });

  test('S = 2: the first run of component N reads between two versions, the second its own', () => {
    expect(tasks(chainOf(2), ahead(9, { stride: 2 }), 2)).toEqual([
      'c1s0j0: 5 <- x+1@2 -> b0@5',
      'c2s0j0: 2 <- x@2 b0@3~1*0.5 ->',
      'c2s0j1: 3 <- x@3 b0@3 ->',
    ]);
    const replicas = ahead(9, { stride: 2, lookAhead: { replicas: true } });
    expect(tasks(chainOf(2), replicas, 2).at(-1)).toBe('c2s0j1: 3 <- x+0.1@2 b0@3 ->');
  });

  test('a U-shape: the head computes for the round in which the middle is read, once for every run of the tail', () => {
    const partition = chainOf(2, 1, 'u-shaped');
    expect(tasks(partition, ahead(9), 2)).toEqual([
      'c2s0j0: 3 <- x+1.0@2 -> b0@3',
      'c1s0j0: 3 <- x+1@2 b0@3 -> b1@3',
      'c2s1j0: 2 <- x@2 b1@2 ->',
    ]);
  });

  test('where nothing is known to predict from, the first rounds read the first step, as in AsyncDiff', () => {
    const settings = ahead(6, { warmUp: 1 });
    expect(tasks(chainOf(2), settings, 0)).toHaveLength(2);
    expect(tasks(chainOf(2), settings, 1)).toEqual([
      'c1s0j0: 2 <- x+1@1 -> b0@2',
      'c2s0j0: 1 <- x@1 b0@0 ->',
    ]);
    expect(tasks(chainOf(2), settings, 2).at(-1)).toBe('c2s0j0: 2 <- x@2 b0@2 ->');
  });
});

/** All tasks of a program in an order in which they can run, with those of its rounds. */
function allTasks(program: JobProgram): { readonly task: Task; readonly round: Round }[] {
  return program.rounds.flatMap((round) => program.tasks(round).map((task) => ({ task, round })));
}

describe('any program that looks ahead', () => {
  test('every step is predicted once, from one step alone: all that it is made of was made for it', () => {
    fc.assert(
      fc.property(randomAheadJob, ({ graph, partition, settings }) => {
        const program = new JobProgram(partition, settings);
        const segments = new Map(partition.segments.map((segment) => [segment.id, segment]));
        const { firstStep = 0 } = settings;
        const farthest = Math.max(...stagesOf(partition).map((stage) => stage.ahead));
        const predicted = new Map<number, string[]>();
        const store = new Map<string, string>();
        for (const { task, round } of allTasks(program)) {
          const segment = segments.get(task.segment)!;
          const local = (name: string) => `${name} ${task.component}/${task.run}@${task.version}`;
          // A blend is what lies between two versions: here it counts as made for the step that it is read for.
          const read = (name: string): string | undefined => {
            if (name === graph.sampleInput || name === graph.timestepInput) return name;
            if (name.startsWith('local ')) return store.get(local(name));
            const one = task.reads.find((reads) => reads.name === name);
            if (one === undefined) return name;
            expect(one.blend === undefined || store.has(`${name}@${one.blend.version}`)).toBe(true);
            return store.get(`${name}@${one.version}`);
          };
          expect(task.timestepStep).toBe(task.sampleStep);
          const written = new Set(task.writes.map(({ name }) => name));
          for (const [name, formula] of runSegment(graph, partition, segment, read)) {
            if (name.startsWith('local ')) store.set(local(name), formula);
            else if (name === graph.output)
              predicted.set(task.epsStep!, [...(predicted.get(task.epsStep!) ?? []), formula]);
            else if (written.has(name)) {
              expect(store.has(`${name}@${task.version}`)).toBe(false);
              store.set(`${name}@${task.version}`, formula);
            }
          }
          const isFirstPredictable = isPredictable(firstStep) || round.round - round.lastSync > farthest;
          for (const { version, blend } of task.reads) {
            expect(Math.min(version, blend?.version ?? version)).toBeGreaterThanOrEqual(
              program.oldestVersionRead(round),
            );
            if (blend === undefined && isFirstPredictable) expect(version).toBe(task.sampleStep);
            if (blend === undefined) continue;
            expect(version).toBeGreaterThan(task.sampleStep);
            expect(blend.version).toBeLessThan(task.sampleStep);
            if (!isFirstPredictable) continue;
            expect(blend.version + blend.share * (version - blend.version)).toBeCloseTo(task.sampleStep);
          }
        }
        const steps = Array.from(
          { length: settings.numInferenceSteps - firstStep },
          (_, at) => firstStep + at,
        );
        expect([...predicted.keys()].toSorted((a, b) => a - b)).toEqual(steps);
        for (const formulas of predicted.values()) {
          expect(formulas).toEqual([wholeFormula(graph)]);
        }
      }),
      { numRuns: 200 },
    );
  });

  test('nothing waits for what nobody sends, or makes what nobody reads', () => {
    fc.assert(
      fc.property(randomSplitAheadJob, ({ partition, settings }) => {
        const program = new JobProgram(partition, settings);
        const placement = partition.components.map(({ index }) => [`w${index}`]);
        if (settings.lookAhead!.replicas) placement.at(-1)!.push('spare');
        const travelling = new Map(
          travellingLatents(partition, placement, { ...settings.lookAhead!, stride: settings.stride }).map(
            ({ name, consumers }) => [name, consumers],
          ),
        );
        const made = new Map<string, Set<string>>();
        for (const round of program.rounds) {
          for (const { name, version, readers } of program.made(round)) {
            expect(readers.length).toBeGreaterThan(0);
            made.set(
              `${name}@${version}`,
              new Set(readers.map(({ component, run }) => `${component}/${run}`)),
            );
          }
          for (const { name, version, step, readers } of program.latents(round)) {
            expect(isLatents(name)).toBe(true);
            expect(version).toBeGreaterThanOrEqual(round.firstStep);
            expect(version).toBeLessThanOrEqual(lastStepOf(round));
            if (name === LATENTS) expect(step).toBe(version);
            else expect(step).toBeGreaterThan(version);
            // Predictions need an answer of the model before the round begins.
            if (name !== LATENTS) expect(isPredictable(version)).toBe(true);
            for (const { component } of placement.at(-1)!.length === 1 ? readers : [])
              expect(travelling.get(name)).toContain(component);
          }
        }
        for (const { task } of allTasks(program)) {
          const who = `${task.component}/${task.run}`;
          for (const { name, version, blend } of task.reads)
            for (const one of [version, blend?.version ?? version])
              expect(made.get(`${name}@${one}`)?.has(who)).toBe(true);
        }
      }),
      { numRuns: 200 },
    );
  });

  test('a worker that holds all of a U-shape has a period: the head runs before what reads it', () => {
    const partition = chainOf(2, 1, 'u-shaped');
    const free = { latencyMs: 0, bytesPerSecond: Number.POSITIVE_INFINITY, overheadMs: 0 };
    const cluster = {
      workers: [{ id: 'w', speed: 1, hostId: 'h' }],
      placement: [['w'], ['w']],
      links: () => free,
      coordinatorLinks: () => free,
      latentBytes: 0,
      samplerMs: 0,
      taskOverheadMs: 0,
    };
    expect(predictPeriod(partition, cluster, { stride: 1, lookAhead: true }).periodMs).toBeCloseTo(3);
    const settings = { ...ahead(40), lookAhead: { replicas: false } };
    expect(simulate(partition, cluster, settings).periodMs).toBeCloseTo(3);
  });

  test('w = T is the plain sampler: the same tasks as without', () => {
    fc.assert(
      fc.property(randomAheadJob, ({ partition, settings }) => {
        const whole = { ...settings, firstStep: 0, warmUp: settings.numInferenceSteps };
        const [on, off] = [whole, { ...whole, lookAhead: undefined }].map(
          (one) => new JobProgram(partition, one),
        );
        const shape = (program: JobProgram) =>
          allTasks(program).map(({ task: { segment, run, sampleStep, timestepStep, latents, epsStep } }) => [
            segment,
            run,
            sampleStep,
            timestepStep,
            latents,
            epsStep,
          ]);
        expect(shape(on!)).toEqual(shape(off!));
      }),
      { numRuns: 50 },
    );
  });
});
