import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeNpy } from '../../common/npy/index.js';
import { runHere } from '../support/command-here.js';
import { compareOnWorkers } from '../support/compare-on-workers.js';
import { writeTwoPredictors } from '../support/two-predictors.js';

let folder: string;
let wan: ReturnType<typeof writeTwoPredictors>;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'asyncdiff-two-'));
  wan = writeTwoPredictors(at('model'));
  await writeNpy(at('embeds.npy'), wan.promptEmbeds);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Stage {
  readonly steps: number;
  readonly predictor_id: string;
  readonly in_order_steps: readonly number[];
}

it('two predictors on two workers give the bits of the reference, and again from the report', async () => {
  const [run] = await compareOnWorkers(wan, ['stale'], at('cache'));
  expect(run).toMatchObject({ isEqual: true, isFinite: true, isRepeated: true, steps: 8 });
  expect(run?.inOrderSteps).toBeLessThan(8);
});

it('report, replay and timeline have both predictors', async () => {
  const flags = ['', '--model', at('model'), '--prompt-embeds', at('embeds.npy')].concat(
    '--num-inference-steps 8 --guidance-scale 1 --seed 5 --quiet --json'.split(' '),
    ['--cache', at('cache'), '--out', at('video.webp')],
  );
  const plan = '--local-workers 2 --components 2 --warm-up 1 --end 0 --tolerance off --threads 1'.split(' ');
  const first = await runHere(['generate', ...flags, ...plan, '--trace-file', at('trace.json')]);
  expect(first.code, first.stderr).toBe(0);
  const document = JSON.parse(first.stdout) as { stages: Stage[]; steps: number; predictor_id: string };
  const [high, low] = document.stages as [Stage, Stage];
  expect(document.stages).toHaveLength(2);
  expect(high.steps + low.steps).toBe(document.steps);
  expect(low.steps).toBeGreaterThan(0);
  expect(high.predictor_id).toBe(document.predictor_id);
  expect(low.predictor_id).not.toBe(high.predictor_id);
  const { traceEvents } = JSON.parse(readFileSync(at('trace.json'), 'utf8')) as {
    traceEvents: { cat: string; args: { run?: number } }[];
  };
  const runs = traceEvents.filter(({ cat }) => cat === 'compute').map(({ args }) => args.run);
  expect(new Set(runs)).toEqual(new Set([1, 2]));
  writeFileSync(at('report.json'), first.stdout);
  const again = await runHere(['generate', ...flags, '--threads', '1', '--replay', at('report.json')]);
  expect(again.code, again.stderr).toBe(0);
  const repeated = JSON.parse(again.stdout) as { stages: Stage[] };
  expect(repeated.stages.map(({ in_order_steps: steps }) => steps)).toEqual(
    document.stages.map(({ in_order_steps: steps }) => steps),
  );
  // One that says less than both did is refused, and not repeated in part.
  const half = { ...document, stages: [high] };
  writeFileSync(at('half.json'), JSON.stringify(half));
  const refused = await runHere(['generate', ...flags, '--threads', '1', '--replay', at('half.json')]);
  expect(refused.stderr).toContain('[replay_impossible]');
  expect(refused.stderr).toContain('made by 1 predictor one after another, this job by 2');
});

it('plan takes a folder without a text encoder', async () => {
  const run = await runHere(['plan', '--model', at('model'), '--components', '2', '--json']);
  expect(run.code, run.stderr).toBe(0);
  const { components } = JSON.parse(run.stdout) as { components: unknown[] };
  expect(components).toHaveLength(2);
});
