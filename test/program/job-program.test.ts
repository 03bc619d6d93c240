import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CostGraph, partitionGraph } from '../../planner/search/index.js';
import type { Partition } from '../../program/index.js';
import {
  expandRound,
  JobProgram,
  listRounds,
  noisePartOf,
  type Round,
  type Task,
} from '../../program/index.js';
import { runSegment } from '../support/dataflow.js';
import { chainGraph } from '../support/random-graph.js';
import { randomJob, randomSplitJob, schedule } from '../support/random-job.js';

const chain = partitionGraph(chainGraph([1, 1, 1]), { components: 3, shape: 'sequential' });

/** The noise prediction of every step as a formula over its latents and timesteps. Throws where something is read that is not there. */
function predictions(
  graph: CostGraph,
  partition: Partition,
  rounds: readonly Round[],
  tasksOf: (round: Round) => readonly Task[],
): Map<number, string> {
  const segments = new Map(partition.segments.map((segment) => [segment.id, segment]));
  const store = new Map<string, string>();
  const predicted = new Map<number, string>();
  for (const round of rounds) {
    for (const task of tasksOf(round)) {
      const local = (name: string) => `${name} r${round.round}/c${task.component}/j${task.run}`;
      const read = (name: string): string | undefined => {
        if (name === graph.sampleInput) return `x${task.sampleStep}`;
        if (name === graph.timestepInput) return `t${task.timestepStep}`;
        if (name.startsWith('local ')) return store.get(local(name));
        const version = task.reads.find((one) => one.name === name)?.version;
        return version === undefined ? name : store.get(`${name}@${version}`);
      };
      const written = new Set(task.writes.map(({ name }) => name));
      for (const [name, formula] of runSegment(graph, partition, segments.get(task.segment)!, read)) {
        if (name.startsWith('local ')) store.set(local(name), formula);
        else if (name === graph.output && task.epsStep !== undefined) predicted.set(task.epsStep, formula);
        else if (written.has(name)) store.set(`${name}@${round.round}`, formula);
      }
    }
  }
  return predicted;
}

describe('JobProgram', () => {
  test('leaves out what nobody will read: a chain empties from its beginning', () => {
    const program = new JobProgram(chain, schedule(8, 1, 1));
    const left = program.rounds.slice(-4).map((round) => program.tasks(round).map(({ segment }) => segment));
    expect(left).toEqual([['c1s0', 'c2s0', 'c3s0'], ['c1s0', 'c2s0', 'c3s0'], ['c2s0', 'c3s0'], ['c3s0']]);
  });

  test('leaves nothing out of warm-up steps', () => {
    const settings = schedule(3, 1, 3);
    const program = new JobProgram(chain, settings);
    for (const round of program.rounds)
      expect(program.tasks(round)).toEqual(expandRound(chain, round, settings));
  });

  test('with what is left, every step is predicted from the same values', () => {
    fc.assert(
      fc.property(randomJob, ({ graph, partition, settings }) => {
        const program = new JobProgram(partition, settings);
        const whole = predictions(graph, partition, listRounds(settings), (round) =>
          expandRound(partition, round, settings),
        );
        const trimmed = predictions(graph, partition, program.rounds, (round) => program.tasks(round));
        expect(trimmed).toEqual(whole);
        expect(trimmed.size).toBe(settings.numInferenceSteps);
      }),
      { numRuns: 150 },
    );
  });

  test('tells of every version who reads it, and nothing is written that nobody reads', () => {
    fc.assert(
      fc.property(randomSplitJob, ({ partition, settings }) => {
        const program = new JobProgram(partition, settings);
        const readers = new Map<string, Set<string>>();
        for (const round of program.rounds) {
          for (const { component, run, reads } of program.tasks(round)) {
            for (const { name, version } of reads) {
              const key = `${name}@${version}`;
              readers.set(key, (readers.get(key) ?? new Set()).add(`${component}/${run}`));
            }
          }
        }
        for (const round of program.rounds) {
          const written = program.tasks(round).flatMap(({ writes }) => writes);
          // What one half of a split batch sends to the other has a test of its own.
          const told = program.made(round).filter(({ name }) => noisePartOf(name) === undefined);
          expect(told.map(({ name, version }) => ({ name, version }))).toEqual(written);
          for (const one of told) {
            const found = one.readers.map(({ component, run }) => `${component}/${run}`);
            expect(found.toSorted()).toEqual([...readers.get(`${one.name}@${one.version}`)!].sort());
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  test('replicas of component N read nothing of the warm-up but its last step', () => {
    const program = new JobProgram(chain, schedule(9, 2, 3));
    const runs = (at: number) =>
      program
        .made(program.rounds[at]!)
        .flatMap(({ readers }) => readers)
        .filter(({ component }) => component === 3);
    expect([0, 1, 2].map((at) => runs(at).map(({ run }) => run))).toEqual([[0], [0], [0, 1]]);
  });
});
