import { describe, expect, test } from 'vitest';
import {
  JobProgram,
  LATENTS,
  type Partition,
  type Round,
  type ScheduleSettings,
  stagesOf,
} from '../../program/index.js';
import { ahead, chainOf } from '../support/look-ahead-schedules.js';

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
