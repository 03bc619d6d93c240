import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, double, property } from 'fast-check';
import { expect, it } from 'vitest';
import { LinkClasses } from '../../coordinator/workers/index.js';
import { coarseMachines, type Machines } from '../../planner/index.js';
import { tempFolder } from '../support/temp-folder.js';

function machines(gbit: number, roundTripMs: number): Machines {
  const bytesPerSecond = (gbit * 1e9) / 8;
  return {
    workers: ['a', 'b'].map((id) => ({ id, hostId: id, speed: 1, roundTripMs })),
    links: [
      { from: 'a', to: 'b', roundTripMs, bytesPerSecond },
      { from: 'b', to: 'a', roundTripMs, bytesPerSecond },
    ],
  };
}

it('a link at the edge of two classes stays in the one that it was in first, also for the next process', () => {
  const edge = Math.sqrt(3.1623);
  const [below, above] = [machines(edge * 0.95, 0.53), machines(edge * 1.05, 0.6)];
  expect(coarseMachines(below)).not.toEqual(coarseMachines(above));
  const workDir = tempFolder();
  const first = new LinkClasses(workDir).of(below);
  expect(first).toEqual(coarseMachines(below));
  for (const again of [new LinkClasses(workDir), new LinkClasses(workDir)])
    for (const measured of [above, below]) expect(again.of(measured)).toEqual(first);
  // A faster network is one.
  expect(new LinkClasses(workDir).of(machines(9.4, 0.2))).toEqual(coarseMachines(machines(9.4, 0.2)));
  expect(new LinkClasses(workDir).of(machines(1, 20))).toEqual(coarseMachines(machines(1, 20)));
});

it('classes that cannot be read count as none', () => {
  const workDir = tempFolder();
  for (const text of ['', '[["a"', '[["a", {"roundTripMs": -1, "bytesPerSecond": 1}]]', '{}']) {
    writeFileSync(join(workDir, 'links.json'), text);
    expect(new LinkClasses(workDir).of(machines(1, 0.2))).toEqual(coarseMachines(machines(1, 0.2)));
  }
});

it('a class is near what was measured, and its own class', () => {
  assert(
    property(
      double({ min: -3, max: 3, noNaN: true }),
      double({ min: -1, max: 3, noNaN: true }),
      (rate, delay) => {
        const measured = machines(10 ** rate, 10 ** delay);
        const classed = coarseMachines(measured);
        expect(coarseMachines(classed)).toEqual(classed);
        classed.links.forEach(({ bytesPerSecond, roundTripMs }, at) => {
          const link = measured.links[at]!;
          for (const ratio of [bytesPerSecond / link.bytesPerSecond, roundTripMs / link.roundTripMs])
            expect(Math.abs(Math.log10(ratio))).toBeLessThan(0.2501);
        });
      },
    ),
  );
});
