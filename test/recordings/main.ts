/**
 * Every recorded call of a pipeline on two workers, against the reference executor bit for bit: `npm run check:pipelines -- [--recordings FOLDER]
 * [--only sdxl,wan] [--variant usual|stale] [--json FILE]`. Prints a table, and exits with 1 where one differs or fails.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { AsyncDiffError } from '../../common/errors/index.js';
import { findSampler } from '../../samplers/index.js';
import { type ComparedRun, compareOnWorkers, type Variant, VARIANTS } from '../support/compare-on-workers.js';
import { RecordedPipeline, RECORDINGS } from '../support/recorded-pipeline.js';

const { values } = parseArgs({
  options: {
    recordings: { type: 'string', default: RECORDINGS },
    only: { type: 'string' },
    variant: { type: 'string' },
    json: { type: 'string' },
  },
});
if (!existsSync(values.recordings)) {
  process.stderr.write(`no recorded pipelines in ${values.recordings}\n`);
  process.exit(1);
}
const all = Object.keys(VARIANTS) as Variant[];
const variants = all.filter((variant) => values.variant === undefined || variant === values.variant);
const only = values.only?.split(',');
const names = readdirSync(values.recordings).filter((name) =>
  existsSync(join(values.recordings, name, 'case.json')),
);

const runs: ComparedRun[] = [];
const failures: { pipeline: string; message: string }[] = [];
process.stdout.write(
  '| recording | run | in order | between workers | bits | again from its report | seconds |\n|---|---|---|---|---|---|---|\n',
);
for (const name of names) {
  if (only !== undefined && !only.includes(name)) continue;
  const cacheDir = mkdtempSync(join(tmpdir(), 'asyncdiff-pipelines-'));
  try {
    const recorded = new RecordedPipeline(values.recordings, name);
    if (findSampler(recorded.json.scheduler) === undefined)
      throw new Error(`nobody knows the scheduler ${recorded.json.scheduler}`);
    for (const run of await compareOnWorkers(recorded, variants, cacheDir)) {
      runs.push(run);
      process.stdout.write(
        `| ${name} | ${run.variant} | ${run.inOrderSteps} of ${run.steps} | ${(run.bytesBetweenWorkers / 1e6).toFixed(2)} MB | ${run.isEqual ? 'equal' : 'DIFFER'}${run.isFinite ? '' : ', not finite'} | ${run.isRepeated ? 'equal' : 'DIFFER'} | ${run.seconds.toFixed(1)} |\n`,
      );
    }
  } catch (error) {
    const { message } = AsyncDiffError.from(error);
    failures.push({ pipeline: name, message });
    process.stdout.write(`| ${name} | FAILED: ${message} | | | | | |\n`);
  } finally {
    rmSync(cacheDir, { recursive: true, force: true });
  }
}
if (values.json !== undefined)
  writeFileSync(
    values.json,
    `${JSON.stringify({ schema: 'asyncdiff.pipelines/1', runs, failures }, undefined, 2)}\n`,
  );
const equal = runs.filter(({ isEqual, isRepeated }) => isEqual && isRepeated).length;
process.stdout.write(
  `${equal} of ${runs.length} runs equal the reference and their repetition bit for bit, ${failures.length} failed\n`,
);
process.exit(equal === runs.length && failures.length === 0 ? 0 : 1);
