import { expect, it } from 'vitest';
import { resolvePlanSettings } from '../../common/settings/index.js';
import { chooseWorkers, requireWorkers } from '../../coordinator/workers/index.js';

const workers = [
  { name: 'slow', speed: 0.5 },
  { name: 'fast', speed: 2 },
  { name: 'even', speed: 1 },
];
const namesFor = (options: Parameters<typeof resolvePlanSettings>[0]) =>
  chooseWorkers(workers, resolvePlanSettings(options)).map(({ name }) => name);

it('takes the fastest first, as many as asked for', () => {
  expect(namesFor({})).toEqual(['fast', 'even', 'slow']);
  expect(namesFor({ maxWorkers: 2 })).toEqual(['fast', 'even']);
});

it('takes those that are named, in their order, once each', () => {
  expect(namesFor({ useWorkers: ['slow', 'gone', 'fast', 'slow'] })).toEqual(['slow', 'fast']);
  expect(namesFor({ useWorkers: ['slow', 'fast'], maxWorkers: 1 })).toEqual(['slow']);
});

it('says who is there where none that is named is', () => {
  expect(() => requireWorkers(workers, resolvePlanSettings({ useWorkers: ['gone'] }))).toThrowError(
    expect.objectContaining({ code: 'no_workers', hint: 'Name some of slow, fast, even.' }),
  );
  expect(() => requireWorkers([], resolvePlanSettings({}))).toThrowError(/no worker is registered/);
});
