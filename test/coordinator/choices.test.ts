import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { resolvePlanSettings } from '../../common/settings/index.js';
import { Choices } from '../../coordinator/deployment/choices.js';
import type { Choice, PlanRequest } from '../../planner/index.js';
import { tempFolder } from '../support/temp-folder.js';

const chosen: Choice['chosen'] = {
  name: 'n2s2',
  verdict: 'chosen',
  halves: 1,
  components: 2,
  stride: 2,
  stepParallel: 1,
  lag: 1,
  seconds: 1,
  isSimulated: true,
  speedup: 2.5,
  error: 2e-6,
  shape: 'sequential',
  inOrder: 4,
  why: '',
};
const CHOICE: Choice = { chosen, judged: [chosen], limit: 1.5e-5, advice: '' };

function request(link: { roundTripMs: number; gbit: number }, names = ['a', 'b']): PlanRequest {
  const [from, to] = names as [string, string];
  return {
    source: { kind: 'profile', profileJson: '{}' },
    settings: resolvePlanSettings(),
    workers: names.map((id) => ({ id, hostId: `host of ${id}`, speed: 1, roundTripMs: link.roundTripMs })),
    links: [{ from, to, roundTripMs: link.roundTripMs, bytesPerSecond: (link.gbit * 1e9) / 8 }],
    batchRepeat: 1,
    workDir: '',
    threads: 1,
  };
}

it('what was chosen is found again, by the next coordinator too, and whatever the noise of a measured link', async () => {
  const workDir = tempFolder();
  const choices = new Choices(workDir);
  const first = request({ roundTripMs: 0.21, gbit: 0.956 });
  const { key, choice } = await choices.find(first);
  expect(choice).toBeUndefined();
  await choices.keep(key, CHOICE);
  const next = new Choices(workDir);
  for (const same of [
    first,
    request({ roundTripMs: 0.4, gbit: 1.1 }),
    request({ roundTripMs: 0.3, gbit: 0.8 }, ['c', 'd']),
  ])
    expect(await next.find(same)).toEqual({ key, choice: CHOICE });
  for (const other of [
    request({ roundTripMs: 0.21, gbit: 9.4 }),
    request({ roundTripMs: 20, gbit: 1 }),
    { ...first, batchRepeat: 2 },
    { ...first, settings: resolvePlanSettings({ maxError: '60dB' }) },
    { ...first, links: [] },
  ])
    expect((await next.find(other)).choice).toBeUndefined();
});

it('a kept choice that cannot be read counts as none', async () => {
  const workDir = tempFolder();
  const asked = request({ roundTripMs: 1, gbit: 1 });
  const choices = new Choices(workDir);
  await choices.keep((await choices.find(asked)).key, CHOICE);
  const folder = join(workDir, 'choices');
  const broken = ['{"chosen":', 'null', '[]', '{"chosen":{"verdict":"chosen"},"judged":[]}'];
  for (const text of [...broken, JSON.stringify({ ...CHOICE, chosen: { ...chosen, components: 'x' } })]) {
    for (const name of readdirSync(folder)) writeFileSync(join(folder, name), text);
    expect((await new Choices(workDir).find(asked)).choice, text).toBeUndefined();
  }
});
