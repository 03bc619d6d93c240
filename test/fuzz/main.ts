/**
 * Random and changed inputs for everything that reads from a file or from the network: `npm run fuzz -- [--inputs 1000000] [--seed S]
 * [--only NAME] [--json FILE]`. Every answer must be a value or an error with a code; exit code 1 where one is not.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runFuzz } from './run-fuzz.js';

const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '1000000' },
    seed: { type: 'string' },
    only: { type: 'string' },
    json: { type: 'string' },
  },
});
const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
process.stdout.write(`seed ${seed}\n`);
// What is thrown outside of any reader (a callback, a promise that nobody waits for) is a crash of the process that it would be in.
const escaped: string[] = [];
const note = (error: unknown): void => {
  escaped.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
};
process.on('uncaughtException', note);
process.on('unhandledRejection', note);
const results = await runFuzz({
  inputs: Number(values.inputs),
  seed,
  only: values.only,
  onResult: (result) => process.stdout.write(`${JSON.stringify(result)}\n`),
}).catch((error: unknown) => {
  note(error);
  return [];
});
const inputs = results.reduce((sum, result) => sum + result.inputs, 0);
const failures = results.filter(({ failure }) => failure !== undefined).length;
const summary = { schema: 'asyncdiff.fuzz/1', seed, inputs, failures, escaped: [...new Set(escaped)] };
if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify({ ...summary, results }, undefined, 2)}\n`);
process.stdout.write(`${JSON.stringify(summary, undefined, 2)}\n`);
process.exit(failures === 0 && escaped.length === 0 ? 0 : 1);
