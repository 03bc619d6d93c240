import { existsSync, mkdirSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { resolvePlanSettings } from '../../common/settings/index.js';
import { keptGraphFolders, limitGraphs, planInProcess } from '../../planner/index.js';
import { runHere } from '../support/command-here.js';
import { smallPlanRequest } from '../support/small-plan-request.js';
import { tempFolder } from '../support/temp-folder.js';

const HOUR_S = 3600;

/** A graph of so many bytes, which take no room on the disk, used so long ago. */
function graph(folder: string, name: string, sizeBytes: number, agoS: number): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  writeFileSync(path, '');
  truncateSync(path, sizeBytes);
  const usedS = Date.now() / 1000 - agoS;
  utimesSync(path, usedS, usedS);
  return path;
}

it('the least recently used graphs go beyond a gigabyte, and none that may be on its way', async () => {
  const workDir = tempFolder();
  for (const folder of Object.values(keptGraphFolders(workDir))) {
    const old = graph(folder, 'old', 6e8, 3 * HOUR_S);
    const later = graph(folder, 'later', 6e8, 2 * HOUR_S);
    const now = graph(folder, 'now', 9e8, 1);
    await limitGraphs(workDir);
    expect([old, later, now].map((path) => existsSync(path))).toEqual([false, false, true]);
  }
});

it('a plan makes room for its graphs, and what it uses again is as new', async () => {
  const settings = resolvePlanSettings({ components: 2, maxError: 'off' });
  const request = smallPlanRequest(settings);
  const plan = await planInProcess(request);
  const paths = plan.specs.map(({ sha256 }) => plan.artifacts.get(sha256)?.path as string);
  for (const path of paths) utimesSync(path, 1, 1);
  const { segments } = keptGraphFolders(request.workDir);
  const unused = graph(segments, 'unused', 2e9, HOUR_S);
  // Kept: its graphs are used, and nothing is written.
  expect(await planInProcess(request)).toEqual(plan);
  expect(existsSync(unused)).toBe(true);
  await planInProcess({ ...request, settings: { ...settings, microCuts: 2 } });
  expect(existsSync(unused)).toBe(false);
  expect(paths.every((path) => existsSync(path))).toBe(true);
});

it('cache ls and prune know them', async () => {
  const cache = tempFolder();
  const { segments, prepared } = keptGraphFolders(join(cache, 'plans'));
  const unused = [graph(segments, 'a', 3e6, 2 * HOUR_S), graph(prepared, 'b', 4e6, HOUR_S)];
  const used = graph(prepared, 'c', 5e6, 1);
  const listed = await runHere(['cache', 'ls', '--cache', cache, '--json']);
  expect(JSON.parse(listed.stdout)).toMatchObject({
    segment_graphs: { folder: segments, count: 1, total_bytes: 3e6 },
    prepared_graphs: { folder: prepared, count: 2, total_bytes: 9e6 },
  });
  const pruned = await runHere(['cache', 'prune', '--cache', cache, '--max-gb', '0.001', '--json']);
  expect(JSON.parse(pruned.stdout)).toMatchObject({ deleted_graph_bytes: 7e6 });
  expect([...unused, used].map((path) => existsSync(path))).toEqual([false, false, true]);
});
