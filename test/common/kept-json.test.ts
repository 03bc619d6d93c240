import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KnownSegmentTimes } from '../../coordinator/deployment/known-segment-times.js';
import { RememberedTimes } from '../../planner/remembered-times.js';
import { tempFolder } from '../support/temp-folder.js';

/** What a damaged file may hold that is JSON all the same. */
const DAMAGED = [
  '',
  'null',
  '[]',
  '{}',
  '[[1,2]]',
  '[["w1/s0","x"]]',
  '{"format":1}',
  '{"format":1,"bySettings":[]}',
  '{"format":1,"bySettings":{"a":{}}}',
];

function damage(folder: string, text: string): void {
  for (const name of readdirSync(folder)) writeFileSync(join(folder, name), text);
}

describe('what was measured counts as none where its file is damaged', () => {
  it.each(DAMAGED)('%j', async (text) => {
    const folder = tempFolder();
    for (const name of ['times', 'recut']) mkdirSync(join(folder, name));
    const times = new KnownSegmentTimes(join(folder, 'times'));
    await times.keep('plan', ['cpu'], new Map([['w1/s0', 2]]));
    expect(await times.get('plan', ['cpu'])).toEqual(new Map([['w1/s0', 2]]));
    damage(join(folder, 'times'), text);
    // An empty list is what was measured of a plan without segments.
    expect((await times.get('plan', ['cpu'])) ?? new Map()).toEqual(new Map());

    const subject = { predictor: 'p', devices: ['cpu'], settings: { a: 1 } };
    const remembered = new RememberedTimes(join(folder, 'recut'));
    const known = { times: [{ worker: 0, nodes: [[0, 3] as const], ms: 2 }], turn: 1, isSettled: true };
    remembered.keep(subject, known);
    expect(remembered.get(subject)).toEqual(known);
    damage(join(folder, 'recut'), text);
    expect(remembered.get(subject)).toEqual({ times: [], turn: 0, isSettled: false });
    remembered.keep(subject, known);
    expect(remembered.get(subject)).toEqual(known);
  });
});
