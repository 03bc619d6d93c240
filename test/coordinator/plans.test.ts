import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { resolvePlanSettings } from '../../common/settings/index.js';
import { Plans } from '../../coordinator/deployment/plans.js';
import type { Plan } from '../../planner/index.js';
import { smallPlanRequest } from '../support/small-plan-request.js';
import { tempFolder } from '../support/temp-folder.js';

function isThere({ artifacts }: Plan): boolean {
  return [...artifacts.values()].every(({ path }) => existsSync(path));
}

it('a plan is kept while its segments are there, and made again, the same, where they were deleted', async () => {
  const workDir = tempFolder();
  const settings = resolvePlanSettings({ components: 2 });
  const request = smallPlanRequest(settings, { workDir });
  const plans = new Plans();
  const first = await plans.get('key', request, undefined);
  expect(await plans.get('key', request, undefined)).toBe(first);
  rmSync(join(workDir, 'segments'), { recursive: true });
  expect(isThere(first)).toBe(false);
  const second = await plans.get('key', request, undefined);
  expect(isThere(second)).toBe(true);
  expect(second.planId).toBe(first.planId);
});
