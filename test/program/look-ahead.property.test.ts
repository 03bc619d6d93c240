import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { predictPeriod } from '../../planner/search/index.js';
import { simulate } from '../../planner/simulator/index.js';
import {
  isLatents,
  isPredictable,
  JobProgram,
  LATENTS,
  lastStepOf,
  type Round,
  stagesOf,
  type Task,
  travellingLatents,
} from '../../program/index.js';
import { runSegment, wholeFormula } from '../support/dataflow.js';
import { randomAheadJob, randomSplitAheadJob } from '../support/random-job.js';
import { ahead, chainOf } from '../support/look-ahead-schedules.js';

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
