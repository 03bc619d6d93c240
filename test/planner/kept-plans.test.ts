import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { resolvePlanSettings } from '../../common/settings/index.js';
import {
  KeptPlans,
  keptPlansFolder,
  makePlan,
  type Plan,
  type PlanRequest,
  planInProcess,
  rememberTimes,
} from '../../planner/index.js';
import { smallPlanRequest } from '../support/small-plan-request.js';
import { tempFolder } from '../support/temp-folder.js';

function request(more: Partial<PlanRequest> = {}): PlanRequest {
  const settings = resolvePlanSettings({ components: 2, maxError: 'off' });
  return smallPlanRequest(settings, more);
}

/** A request whose plan is kept, and the plan. */
async function kept(
  more: Partial<PlanRequest> = {},
): Promise<{ asked: PlanRequest; plan: Plan; file: string }> {
  const asked = request(more);
  const plan = await makePlan(asked);
  await new KeptPlans(asked.workDir).keep(asked, plan);
  const folder = keptPlansFolder(asked.workDir);
  return { asked, plan, file: join(folder, readdirSync(folder)[0] as string) };
}

function found(asked: PlanRequest, ignored: string[] = []): Promise<Plan | undefined> {
  return new KeptPlans(asked.workDir, (why) => ignored.push(why)).find(asked);
}

it('a second process has the plan of the first, whatever its workers are called, with what their links give now', async () => {
  const asked = request();
  expect(await found(asked)).toBeUndefined();
  const plan = await planInProcess(asked);
  // What planning would read is gone: only the kept plan can answer.
  rmSync(join(asked.workDir, 'prepared'), { recursive: true });
  const again = await planInProcess(asked);
  expect(existsSync(join(asked.workDir, 'prepared'))).toBe(false);
  expect(again).toEqual(plan);
  const workers = asked.workers.map((worker, at) => ({ ...worker, id: `other-${at}` }));
  const renamed = await found({ ...asked, workers });
  expect(renamed?.placement).toEqual([['other-0'], ['other-1']]);
  expect(renamed).toEqual(await makePlan({ ...asked, workers }));
});

it('links of one class have one plan, and each its own prediction', async () => {
  const far = (roundTripMs: number): Partial<PlanRequest> => {
    const workers = request().workers.map((worker) => ({ ...worker, hostId: worker.id, roundTripMs }));
    const [from, to] = workers.map(({ id }) => id) as [string, string];
    const bytesPerSecond = 1.1e8 + roundTripMs;
    return {
      workers,
      links: [
        { from, to, roundTripMs, bytesPerSecond },
        { from: to, to: from, roundTripMs, bytesPerSecond },
      ],
    };
  };
  const { asked, plan } = await kept(far(0.9));
  const slower = { ...asked, ...far(1.4) };
  const made = await makePlan(slower);
  expect(made.planId).toBe(plan.planId);
  expect(made.predicted.periodMs).toBeGreaterThan(plan.predicted.periodMs);
  expect(await found(slower)).toEqual(made);
  expect(await found({ ...asked, ...far(9) })).toBeUndefined();
});

it('another request has another plan', async () => {
  const { asked } = await kept();
  const settings = resolvePlanSettings({ components: 2, maxError: 'off', wireDtype: 'float16' });
  const copy = join(tempFolder(), 'model.onnx');
  if (asked.source.kind !== 'model') return;
  copyFileSync(asked.source.modelPath, copy);
  for (const other of [
    { settings },
    { threads: 2 },
    { device: 'cuda' },
    { batchRepeat: 1 },
    { source: { ...asked.source, inputShapes: { sample: [2, 4, 16, 8] } } },
    { source: { ...asked.source, modelPath: copy } },
    { workers: asked.workers.map((worker) => ({ ...worker, speed: 2 })) },
  ])
    expect(await found({ ...asked, ...other })).toBeUndefined();
});

it('a model that was written to, segments that are gone, or too little memory: it is made anew', async () => {
  const first = await kept();
  expect(await found(first.asked)).toEqual(first.plan);
  const workers = first.asked.workers.map((worker) => ({ ...worker, memoryBytes: 2 ** 40 }));
  const roomy = await kept({ ...first.asked, workers });
  expect(await found(roomy.asked)).toEqual(roomy.plan);
  const cramped = workers.map((worker) => ({ ...worker, memoryBytes: 2 ** 40 + 1 }));
  expect(await found({ ...roomy.asked, workers: cramped })).toEqual(roomy.plan);
  const { source } = first.asked;
  if (source.kind !== 'model') return;
  writeFileSync(source.modelPath, readFileSync(source.modelPath));
  expect(await found(first.asked)).toBeUndefined();

  const second = await kept();
  const ignored: string[] = [];
  rmSync(join(second.asked.workDir, 'segments'), { recursive: true });
  expect(await found(second.asked, ignored)).toBeUndefined();
  expect(ignored).toHaveLength(1);
});

it('a file that is damaged, cut short, empty, or of another request is ignored, told, and written anew', async () => {
  const { asked, plan, file } = await kept();
  const text = readFileSync(file, 'utf8');
  const other = await kept({ ...asked, threads: 2 });
  const damages = [
    '',
    '{}',
    'null',
    text.slice(0, text.length / 2),
    text.replace(/"costMs":(\d)/, (_, digit: string) => `"costMs":${(Number(digit) + 1) % 10}`),
    readFileSync(other.file, 'utf8') === text ? '[]' : readFileSync(other.file, 'utf8'),
  ];
  for (const damaged of damages) {
    writeFileSync(file, damaged);
    const ignored: string[] = [];
    expect(await found(asked, ignored)).toBeUndefined();
    expect(ignored).toHaveLength(1);
    expect(ignored[0]).toContain(file);
  }
  await new KeptPlans(asked.workDir).keep(asked, plan);
  expect(await found(asked)).toEqual(plan);
});

it('a plan that followed measured times counts while these are what is remembered', async () => {
  const devices = ['one', 'another'];
  const settings = resolvePlanSettings({ components: 2, maxError: 'off', recut: 'on' });
  const { asked, plan } = await kept({ settings, devices });
  const { timed } = plan;
  if (timed === undefined) throw new Error('the plan follows no times');
  expect(await found(asked)).toEqual(plan);
  const known = {
    times: [
      { worker: 0, nodes: [[0, 1] as const], ms: 3 },
      { worker: 1, nodes: [[2, 3] as const], ms: 4 },
    ],
    turn: 1,
    isSettled: true,
  };
  rememberTimes(asked.workDir, timed, known);
  expect(await found(asked)).toBeUndefined();
  const settled = { ...plan, timed: { ...timed, known } };
  await new KeptPlans(asked.workDir).keep(asked, settled);
  expect(await found(asked)).toEqual(settled);
  rmSync(join(asked.workDir, 'times'), { recursive: true });
  expect(await found(asked)).toBeUndefined();
});
