/**
 * Jobs on real processes that are killed, stopped and cut off meanwhile: `npm run chaos -- [--jobs 300] [--minutes M] [--seed S] [--json FILE]`.
 * Prints the seed, a line for each job, and what came of all; exit code 1 where a job was lost, done twice, hung, or gave another picture.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runChaos } from './run-chaos.js';

const { values } = parseArgs({
  options: {
    jobs: { type: 'string' },
    minutes: { type: 'string' },
    seed: { type: 'string' },
    json: { type: 'string' },
    quiet: { type: 'boolean', default: false },
  },
});
const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
const minutes = values.minutes === undefined ? undefined : Number(values.minutes);
const jobs = Number(values.jobs ?? (minutes === undefined ? 300 : 100_000));
if (![seed, jobs, minutes ?? 0].every((value) => Number.isFinite(value) && value >= 0)) {
  process.stderr.write(
    'usage: npm run chaos -- [--jobs 300] [--minutes M] [--seed S] [--json FILE] [--quiet]\n',
  );
  process.exit(2);
}
process.stdout.write(`seed ${seed}\n`);
const verdict = await runChaos({
  seed,
  jobs,
  maxSeconds: minutes === undefined ? undefined : minutes * 60,
  onLine: (line) => values.quiet || process.stdout.write(`${line}\n`),
});
const text = JSON.stringify(verdict, undefined, 2);
if (values.json !== undefined) writeFileSync(values.json, `${text}\n`);
process.stdout.write(`${JSON.stringify({ ...verdict, usage: undefined, log: undefined }, undefined, 2)}\n`);
process.exit(verdict.ok ? 0 : 1);
