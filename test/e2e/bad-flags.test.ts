import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../common/package.js';
import { CliProcess } from '../support/child.js';
import { expectFailureHere } from '../support/command-here.js';
import { type ExpectedFailure, expectFailure, runCli } from '../support/cli.js';
import { type SmallFiles, writeSmallFiles } from '../support/small-predictor.js';

const EMOJI = join(packageRoot, 'models', 'emoji');
/** Nothing listens there: port 1 needs privileges that tests do not ask for. */
const NOBODY = '127.0.0.1:1';

let folder: string;
let ok: SmallFiles;
let coordinator: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'asyncdiff-bad-input-'));
  for (const name of ['ok', 'cache']) mkdirSync(join(folder, name));
  ok = await writeSmallFiles(join(folder, 'ok'));
  const flags = '--listen 127.0.0.1:0 --max-message-mb 10 --threads 1'.split(' ');
  const serve = new CliProcess(['serve', '--model', EMOJI, ...flags, '--cache', join(folder, 'cache')]);
  coordinator = (await serve.ready()).address;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function out(name: string): string {
  return join(folder, name);
}

/** A denoising job on the coordinator; flags given here come last, and win. */
function denoise(files: SmallFiles, flags: readonly string[]): string[] {
  return ['denoise', ...files.flags, '--num-inference-steps', '4', '--coordinator', coordinator].concat(
    ['--out', out('latents.npy'), '--quiet'],
    flags,
  );
}

describe('the command line refuses', () => {
  const image = ['--out', 'unused.png'];
  const cases: [string, () => string[], ExpectedFailure][] = [
    [
      'a model folder that is not there',
      () => ['generate', 'x', '--model', '/nowhere', ...image],
      { code: 'model_not_found', exitCode: 4, message: /there is no folder \/nowhere/, hint: /optimum-cli/ },
    ],
    [
      'a folder that holds no model',
      () => ['generate', 'x', '--model', join(folder, 'ok'), ...image],
      { code: 'model_not_found', exitCode: 4, message: /model_index\.json/ },
    ],
    [
      'a file that is not ONNX',
      () => denoise(ok, ['--model', ok.scheduler]),
      { code: 'model_invalid', exitCode: 4, message: /not an ONNX model/ },
    ],
    [
      'a model file that is not there',
      () => denoise(ok, ['--model', join(folder, 'none.onnx')]),
      { code: 'model_not_found', exitCode: 4, message: /none\.onnx/ },
    ],
    [
      'a scheduler config that is not JSON',
      () => denoise(ok, ['--scheduler', ok.model]),
      { code: 'file_unreadable', exitCode: 2, message: /not JSON/ },
    ],
    [
      'an input file that is not there',
      () => denoise(ok, ['--input', `sample=${join(folder, 'none.npy')}`]),
      { code: 'file_not_found', exitCode: 2, message: /none\.npy/ },
    ],
    [
      'an input file that is not .npy',
      () => denoise(ok, ['--input', `sample=${ok.scheduler}`]),
      { code: 'file_unreadable', exitCode: 2, message: /scheduler_config\.json/ },
    ],
    [
      '--input without a name',
      () => denoise(ok, ['--input', ok.sample]),
      { code: 'usage', exitCode: 2, message: /NAME=FILE\.npy/ },
    ],
    [
      'an option that does not exist',
      () => ['plan', '--model', ok.model, '--worker', '2'],
      { code: 'usage', exitCode: 2, message: /unknown option '--worker'/, hint: /--help/ },
    ],
    [
      'an option that has to be there and is not',
      () => ['run', '--out', out('list')],
      { code: 'usage', exitCode: 2, message: /required option '--model/ },
    ],
    [
      'a command that does not exist, and says which is near',
      () => ['generat'],
      { code: 'usage', exitCode: 2, message: /unknown command 'generat' \(Did you mean generate\?\)/ },
    ],
    [
      'no steps',
      () => denoise(ok, ['--num-inference-steps', '0']),
      {
        code: 'invalid_settings',
        exitCode: 2,
        message: /num_inference_steps is 0, .* from 1 to 1000, or auto/,
      },
    ],
    [
      'more steps than the model was trained with',
      () => denoise(ok, ['--num-inference-steps', '1001']),
      { code: 'invalid_settings', exitCode: 2, message: /1 to 1000/ },
    ],
    [
      'a warm-up longer than the run',
      () => denoise(ok, ['--warm-up', '5']),
      { code: 'invalid_settings', exitCode: 2, message: /warm_up is 5.*1 to num_inference_steps \(4\)/ },
    ],
    [
      'a coordinator that is not there',
      () => ['generate', 'x', '--coordinator', NOBODY, ...image],
      { code: 'coordinator_unreachable', exitCode: 3, message: /127\.0\.0\.1:1/, hint: /asyncdiff serve/ },
    ],
    [
      'status of a coordinator that is not there',
      () => ['status', '--coordinator', NOBODY],
      { code: 'coordinator_unreachable', exitCode: 3, message: /127\.0\.0\.1:1/ },
    ],
    [
      'a coordinator address that is none',
      () => ['generate', 'x', '--coordinator', 'somewhere', ...image],
      { code: 'address_invalid', exitCode: 2, message: /'somewhere'/, hint: /HOST:PORT/ },
    ],
    [
      'a path that is empty',
      () => ['generate', 'x', '--coordinator', NOBODY, '--trace-file', '', ...image],
      { code: 'usage', exitCode: 2, message: /--trace-file is empty/, hint: /generate --help/ },
    ],
    [
      'a prompt of several words',
      () => ['generate', 'red', 'apple'],
      { code: 'usage', exitCode: 2, message: /too many arguments/, hint: /in quotes/ },
    ],
    [
      'settings that contradict each other, before anybody is asked',
      () => ['generate', 'x', '--coordinator', NOBODY, '--step-parallel', '2', '--components', '3', ...image],
      { code: 'invalid_settings', exitCode: 2, message: /step_parallel is 2/ },
    ],
    [
      'an input that the model does not have',
      () => denoise(ok, ['--input', `other=${ok.sample}`]),
      { code: 'invalid_input', exitCode: 2, message: /no input other/ },
    ],
    [
      'a config that is none of a sampler',
      () => denoise(ok, ['--scheduler', 'euler', '--scheduler-config', join(EMOJI, 'model_index.json')]),
      { code: 'scheduler_unsupported', exitCode: 4, message: /is no sampler/, hint: /scheduler_config/ },
    ],
    [
      'steps for a model that has none',
      () => ['plan', '--model', join(EMOJI, 'text_encoder', 'model.onnx'), '--guidance-scale', '2'],
      { code: 'usage', exitCode: 2, message: /--guidance-scale says nothing of/, hint: /--input-shape/ },
    ],
    [
      'links between workers that nobody asked for',
      () => ['plan', '--link-gbit', '1'],
      { code: 'usage', exitCode: 2, message: /--link-gbit is for --workers/ },
    ],
    [
      'a list of keys that is not there',
      () => ['keys', 'ls', join(folder, 'none.json')],
      { code: 'file_not_found', exitCode: 2, message: /none\.json/, hint: /keys add/ },
    ],
    [
      'a bound on the error that nothing can be within',
      () => ['plan', '--max-error', '300dB'],
      { code: 'invalid_settings', exitCode: 2, message: /PSNR from 13\.5dB to 133\.5dB/ },
    ],
    [
      'a timeline of workers where there are none',
      () => denoise(ok, ['--reference', '--trace-file', out('trace.json')]),
      { code: 'usage', exitCode: 2, message: /leave --coordinator out/ },
    ],
    [
      'a cache that is not there',
      () => ['cache', 'prune', '--cache', '/nowhere'],
      { code: 'file_not_found', exitCode: 2, message: /no folder \/nowhere/ },
    ],
    [
      'a folder for pictures that cannot be made',
      () => ['generate', 'x', '--coordinator', coordinator, '--out', '/proc/asyncdiff/picture.png'],
      { code: 'invalid_settings', exitCode: 2, message: /cannot write \/proc\/asyncdiff\/picture\.png/ },
    ],
    [
      'an output that cannot be written',
      () => ['generate', 'x', '--coordinator', coordinator, '--out', '/proc/picture.png'],
      { code: 'invalid_settings', exitCode: 2, message: /cannot write \/proc\/picture\.png/ },
    ],
    [
      'an output in a format that is not known',
      () => ['generate', 'x', '--coordinator', coordinator, '--out', 'picture.bmp'],
      { code: 'invalid_settings', exitCode: 2, message: /\.png/ },
    ],
    [
      'a trace file that cannot be written',
      () => denoise(ok, ['--trace-file', '/proc/trace.json']),
      { code: 'invalid_settings', exitCode: 2, message: /cannot write \/proc\/trace\.json/ },
    ],
    [
      'a scheduler that is not known',
      () => ['generate', 'x', '--coordinator', coordinator, '--scheduler', 'no-such-one', ...image],
      { code: 'scheduler_unsupported', exitCode: 4, message: /"no-such-one"/, hint: /ddim/ },
    ],
  ];
  it.each(cases)('%s', async (_name, args, expected) => expectFailureHere(args(), expected));

  // What it says of each is held above; that a process ends with that, here.
  it.each(['a file that is not ONNX', 'status of a coordinator that is not there'])(
    '%s, as a process',
    async (name) => {
      const [, args, expected] = cases.find(([one]) => one === name) as (typeof cases)[number];
      await expectFailure(args(), expected);
    },
  );

  it('what commander refuses with exit code 2 and a word on --help', async () => {
    for (const args of [['paint'], ['denoise', '--out', 'a.npy'], ['generate', 'x', '--bogus']]) {
      const { code, stdout, stderr } = await runCli(args);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toContain('--help');
    }
  });
});
