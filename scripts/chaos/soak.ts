/**
 * Jobs one after another on a coordinator and two workers, for a long time and without mishaps: `npm run soak -- [--minutes 60] [--pause-ms 2000]
 * [--json FILE]`. Memory, descriptors and files of each process are looked at every half minute. Prints the first and the last look and the
 * slope of the second half; exit code 1 where a job failed or a slope is above its bound.
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { AsyncDiffClient, AsyncDiffError } from '../../client/index.js';
import { ChaosCluster } from './chaos-cluster.js';
import { planOptionsOf } from './plan-options.js';
import { type ChaosJob, scenarioOf, VARIANTS, type VariantName } from './scenario.js';
import { slopePerHour } from './slope.js';
import { tinyLatents, tinyScheduler, writeTinyModel } from './tiny-model.js';

const WORKERS = 2;
const LOOK_MS = 30_000;
/** What the second half may grow by in an hour. */
const BOUNDS = Object.freeze({ rssMb: 12, descriptors: 1, files: 0.5 });
type Figure = keyof typeof BOUNDS;

interface Look extends Readonly<Record<Figure, number>> {
  readonly process: string;
  readonly hours: number;
}

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    'pause-ms': { type: 'string', default: '2000' },
    json: { type: 'string' },
  },
});
const hoursToGo = Number(values.minutes) / 60;
const pauseMs = Number(values['pause-ms']);
if (!(hoursToGo > 0 && pauseMs >= 0)) {
  process.stderr.write('usage: npm run soak -- [--minutes 60] [--pause-ms 2000] [--json FILE]\n');
  process.exit(2);
}

const cluster = await ChaosCluster.start(WORKERS, () => undefined);
const client = new AsyncDiffClient(cluster.address);
const looks: Look[] = [];
const failures: string[] = [];
const variants = Object.keys(VARIANTS).filter((name) => name !== 'look-ahead, three') as VariantName[];
const [plain] = scenarioOf(0, 1, WORKERS) as [ChaosJob];
const startMs = performance.now();
const hoursSince = (): number => (performance.now() - startMs) / 3_600_000;
let jobs = 0;

async function run(modelSha256: string): Promise<void> {
  const variant = variants[jobs % variants.length] as VariantName;
  const size = [8, 12, 16][Math.floor(jobs / variants.length) % 3] as number;
  const job: ChaosJob = { ...plain, variant, size, steps: 30 };
  jobs += 1;
  try {
    const running = client.denoise({
      modelSha256,
      schedulerConfig: tinyScheduler('DDIMScheduler'),
      inputs: { sample: tinyLatents(size) },
      numInferenceSteps: job.steps,
      plan: planOptionsOf(job),
    });
    await running.result();
  } catch (error) {
    failures.push(`job ${jobs} (${variant}): ${AsyncDiffError.from(error).message}`);
  }
}

function look(): void {
  const processes = [{ name: 'coordinator', daemon: cluster.coordinator }, ...cluster.workers];
  for (const { name, daemon } of processes) {
    const { files: descriptors, rssMb } = daemon.usage;
    const folder = join(cluster.folder, name);
    const files = readdirSync(folder, { recursive: true }).length;
    looks.push({ process: name, hours: hoursSince(), rssMb, descriptors, files });
  }
}

try {
  mkdirSync(join(cluster.folder, 'model'));
  const modelSha256 = await client.uploadModel(writeTinyModel(join(cluster.folder, 'model')));
  let nextLookMs = performance.now() + LOOK_MS;
  while (hoursSince() < hoursToGo) {
    await run(modelSha256);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    if (performance.now() < nextLookMs) continue;
    nextLookMs += LOOK_MS;
    look();
  }
} finally {
  client.close();
  await cluster.stop();
}

const summary = [...new Set(looks.map(({ process: name }) => name))].map((name) => {
  const own = looks.filter((each) => each.process === name);
  const later = own.slice(Math.floor(own.length / 2));
  const growth = Object.fromEntries(
    Object.keys(BOUNDS).map((figure) => [
      figure,
      slopePerHour(later.map((each) => ({ hours: each.hours, value: each[figure as Figure] }))),
    ]),
  ) as Record<Figure, number>;
  return { process: name, first: own[0], middle: later[0], last: own.at(-1), growth_per_hour: growth };
});
const isFlat = summary.every(({ growth_per_hour: growth }) =>
  Object.entries(BOUNDS).every(([figure, bound]) => growth[figure as Figure] <= bound),
);
const minutes = Math.round(hoursSince() * 60);
const verdict = {
  schema: 'asyncdiff.soak/1',
  minutes,
  jobs,
  failures,
  is_flat: isFlat,
  bounds: BOUNDS,
  summary,
};
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ ...verdict, looks })}\n`);
process.stdout.write(`${JSON.stringify(verdict, undefined, 2)}\n`);
process.exit(isFlat && failures.length === 0 ? 0 : 1);
