/**
 * Random and changed inputs for everything that reads from a file or from the network: `npm run fuzz -- [--inputs 1000000] [--seed S]
 * [--only NAME] [--json FILE]`. Every answer must be a value or an error with a code; exit code 1 where one is not. With `--sockets N` the
 * inputs go over N connections to a running coordinator and worker instead, which must go on.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runFuzz } from './run-fuzz.js';
import { fuzzSockets } from './sockets.js';

const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '1000000' },
    seed: { type: 'string' },
    only: { type: 'string' },
    json: { type: 'string' },
    sockets: { type: 'string' },
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
if (values.sockets !== undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'asyncdiff-fuzz-sockets-'));
  const result = await fuzzSockets(Number(values.sockets), seed, folder).catch((error: unknown) => {
    note(error);
    return { failures: [] };
  });
  rmSync(folder, { recursive: true, force: true });
  report(result, result.failures.length);
}
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
report({ inputs, failures, results }, failures);

function report(found: object, failures: number): never {
  const summary = { schema: 'asyncdiff.fuzz/1', seed, ...found, escaped: [...new Set(escaped)] };
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(summary, undefined, 2)}\n`);
  const { results: _each, ...told } = summary as typeof summary & { readonly results?: unknown };
  process.stdout.write(`${JSON.stringify(told, undefined, 2)}\n`);
  process.exit(failures === 0 && escaped.length === 0 ? 0 : 1);
}
