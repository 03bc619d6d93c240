import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeNpy } from '../../common/npy/index.js';
import { packageRoot } from '../../common/package.js';
import { zeros } from '../../common/tensor/index.js';
import { CliProcess } from '../support/child.js';
import { failureOf, runCli } from '../support/cli.js';
import { type SmallFiles, writeSmallFiles } from '../support/small-predictor.js';

const EMOJI = join(packageRoot, 'models', 'emoji');
/** Nothing listens there: port 1 needs privileges that tests do not ask for. */
const NOBODY = '127.0.0.1:1';

let folder: string;
let ok: SmallFiles;
let broken: SmallFiles;
let coordinator: string;
let serve: CliProcess;
let worker: CliProcess;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'asyncdiff-bad-input-'));
  for (const name of ['ok', 'broken', 'cache']) mkdirSync(join(folder, name));
  ok = await writeSmallFiles(join(folder, 'ok'));
  broken = await writeSmallFiles(join(folder, 'broken'), { broken: true });
  const cache = ['--cache', join(folder, 'cache')];
  serve = new CliProcess([
    ...['serve', '--model', EMOJI, '--listen', '127.0.0.1:0', '--max-message-mb', '10', '--threads', '1'],
    ...cache,
  ]);
  coordinator = (await serve.ready()).address;
  worker = new CliProcess([
    ...['worker', '--join', coordinator, '--name', 'only', '--threads', '1', '--exit-with-stdin'],
    ...cache,
  ]);
  await worker.until(() => worker.stderr.includes('joined'), 'join');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function out(name: string): string {
  return join(folder, name);
}

/** A denoising job on the coordinator; flags given here come last, and win. */
function denoise(files: SmallFiles, flags: readonly string[]): string[] {
  return [
    ...['denoise', ...files.flags, '--num-inference-steps', '4', '--coordinator', coordinator],
    ...['--out', out('latents.npy'), '--quiet', ...flags],
  ];
}

/** The command fails as said, leaves stdout empty, and the next job works. */
async function expectFailure(
  args: readonly string[],
  expected: { code: string; exitCode: number; message: RegExp; hint?: RegExp },
): Promise<void> {
  const failure = failureOf(await runCli(args, { env: { XDG_CACHE_HOME: join(folder, 'cache') } }));
  expect(failure).toMatchObject({ code: expected.code, exitCode: expected.exitCode, stdout: '' });
  expect(failure.message).toMatch(expected.message);
  expect(failure.hint).toMatch(expected.hint ?? /./);
}

describe('the command line refuses', () => {
  const image = ['--out', 'unused.png'];
  const cases: [
    string,
    () => string[],
    { code: string; exitCode: number; message: RegExp; hint?: RegExp },
  ][] = [
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
      'no steps',
      () => denoise(ok, ['--num-inference-steps', '0']),
      { code: 'usage', exitCode: 2, message: /num-inference-steps .*at least 1/ },
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
      'a broken list of workers',
      () => ['serve', '--listen', '127.0.0.1:0', '--workers', '127.0.0.1:50052,elsewhere'],
      { code: 'address_invalid', exitCode: 2, message: /'elsewhere'/ },
    ],
    [
      'a broken address to advertise',
      () => ['worker', '--join', NOBODY, '--advertise', 'here'],
      { code: 'address_invalid', exitCode: 2, message: /'here'/ },
    ],
    [
      'an output that cannot be written',
      () => ['generate', 'x', '--coordinator', coordinator, '--out', '/proc/picture.png'],
      { code: 'invalid_settings', exitCode: 2, message: /cannot write \/proc\/picture\.png/ },
    ],
    [
      'an output in a format that is not known',
      () => ['generate', 'x', '--coordinator', coordinator, '--out', 'picture.gif'],
      { code: 'invalid_settings', exitCode: 2, message: /\.png/ },
    ],
    [
      'a trace file that cannot be written',
      () => denoise(ok, ['--trace-file', '/proc/trace.json']),
      { code: 'invalid_settings', exitCode: 2, message: /cannot write \/proc\/trace\.json/ },
    ],
    [
      'a scheduler that is not known',
      () => ['generate', 'x', '--coordinator', coordinator, '--scheduler', 'plms', ...image],
      { code: 'scheduler_unsupported', exitCode: 4, message: /"plms"/, hint: /ddim/ },
    ],
    [
      'an unknown device',
      () => ['worker', '--join', NOBODY, '--device', 'abacus'],
      { code: 'invalid_settings', exitCode: 2, message: /unknown device "abacus"/, hint: /cpu, cuda/ },
    ],
    [
      'a message limit with which no worker could talk',
      () => ['worker', '--join', NOBODY, '--max-message-mb', '1'],
      { code: 'usage', exitCode: 2, message: /max-message-mb takes 10/ },
    ],
    [
      'a port of metrics below those of users',
      () => ['worker', '--join', NOBODY, '--metrics-port', '70000'],
      { code: 'usage', exitCode: 2, message: /metrics-port/ },
    ],
  ];
  it.each(cases)('%s', async (_name, args, expected) => expectFailure(args(), expected));

  it('what commander refuses with exit code 2 and a word on --help', async () => {
    for (const args of [['paint'], ['generate', '--out', 'a.png'], ['generate', 'x', '--bogus']]) {
      const { code, stdout, stderr } = await runCli(args);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toContain('--help');
    }
  });
});

describe('ports in use', () => {
  let taken: Server;
  let port: number;
  beforeAll(async () => {
    taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    port = (taken.address() as { port: number }).port;
  });
  afterAll(() => new Promise((resolve) => taken.close(resolve)));

  it.each([
    ['worker', () => ['worker', '--listen', `127.0.0.1:${port}`]],
    ['serve', () => ['serve', '--listen', `127.0.0.1:${port}`]],
    [
      'metrics of serve',
      () => ['serve', '--listen', '127.0.0.1:0', '--metrics-port', coordinator.split(':')[1] as string],
    ],
    [
      'metrics of worker',
      () => ['worker', '--listen', '127.0.0.1:0', '--metrics-port', coordinator.split(':')[1] as string],
    ],
  ])('%s', async (_name, args) => {
    await expectFailure(args(), { code: 'port_in_use', exitCode: 2, message: /in use/, hint: /0 for any/ });
  });
});

describe('the coordinator refuses a job, and runs the next one', () => {
  const wrongShape = (): string => join(folder, 'wrong-shape.npy');
  const wrongType = (): string => join(folder, 'wrong-type.npy');
  const huge = (): string => join(folder, 'huge.npy');
  beforeAll(async () => {
    await writeNpy(wrongShape(), zeros('float32', [1, 3, 8, 8]));
    await writeNpy(wrongType(), zeros('int64', [1, 5, 6]));
    await writeNpy(huge(), zeros('float32', [1, 4, 1024, 1024]));
  });

  const cases: [
    string,
    () => string[],
    { code: string; exitCode: number; message: RegExp; hint?: RegExp },
  ][] = [
    [
      'latents of the wrong shape',
      () => denoise(ok, ['--input', `sample=${wrongShape()}`]),
      { code: 'invalid_input', exitCode: 2, message: /sample.*\[1,3,8,8\]/ },
    ],
    [
      'an input of the wrong type',
      () => denoise(ok, ['--input', `encoder_hidden_states=${wrongType()}`]),
      { code: 'invalid_input', exitCode: 2, message: /encoder_hidden_states.*int64|int64.*float32/ },
    ],
    [
      'an unknown input',
      () => denoise(ok, ['--input', `encoder_states=${ok.context}`]),
      { code: 'invalid_input', exitCode: 2, message: /no input encoder_states.*encoder_hidden_states/ },
    ],
    [
      'a missing input',
      () => [
        ...['denoise', '--model', ok.model, '--scheduler', ok.scheduler, '--input', `sample=${ok.sample}`],
        ...['--num-inference-steps', '4', '--coordinator', coordinator, '--quiet'],
        ...['--out', out('l.npy')],
      ],
      { code: 'invalid_input', exitCode: 2, message: /encoder_hidden_states/ },
    ],
    [
      'conditioning that is not doubled for guidance',
      () => denoise(ok, ['--guidance-scale', '4']),
      { code: 'invalid_input', exitCode: 2, message: /unconditional; conditional/ },
    ],
    [
      'more components than the graph has nodes',
      () => denoise(ok, ['--components', '500']),
      { code: 'partition_impossible', exitCode: 2, message: /500 components.*at most \d+/ },
    ],
    [
      'a cut that the model has not, with near matches',
      () => denoise(ok, ['--cut', 'midle']),
      { code: 'partition_impossible', exitCode: 2, message: /no value midle.*middle/ },
    ],
    [
      'a model that gives NaN, naming step and component',
      () => denoise(broken, ['--cut', 'down1', '--cut', 'up1_act']),
      { code: 'not_finite', exitCode: 1, message: /NaN.*component 2 at step 0.*worker only/ },
    ],
    [
      'a message over the limit',
      () => denoise(ok, ['--input', `sample=${huge()}`]),
      { code: 'message_too_large', exitCode: 1, message: /larger than max/, hint: /--max-message-mb/ },
    ],
  ];
  it.each(cases)('%s', async (_name, args, expected) => {
    await expectFailure(args(), expected);
    const next = await runCli(denoise(ok, ['--json']));
    expect(next.code, next.stderr).toBe(0);
    expect(JSON.parse(next.stdout)).toMatchObject({ schema: 'asyncdiff.denoise/1', steps: 4 });
    expect(worker.ended).toBe(false);
  });

  it('a prompt that is too long is cut, with a warning', async () => {
    const prompt = 'red apple '.repeat(60);
    const run = await runCli([
      ...['generate', prompt, '--coordinator', coordinator, '--num-inference-steps', '2'],
      ...['--out', out('long.png'), '--json', '--components', '1'],
    ]);
    expect(run.code, run.stderr).toBe(0);
    expect(run.stderr).toMatch(/warning: .*(truncated|cut|too long|token)/i);
  });

  it('no workers', async () => {
    const lonely = new CliProcess(['serve', '--listen', '127.0.0.1:0', '--cache', join(folder, 'cache')]);
    const { address } = await lonely.ready();
    await expectFailure(denoise(ok, ['--coordinator', address]), {
      code: 'no_workers',
      exitCode: 3,
      message: /no worker is registered/,
      hint: /asyncdiff worker --join/,
    });
    await expectFailure(['generate', 'x', '--coordinator', address, '--out', out('x.png')], {
      code: 'model_not_found',
      exitCode: 4,
      message: /no text-to-image model/,
      hint: /serve --model/,
    });
    expect(await lonely.stop()).toMatchObject({ code: 0 });
  });
});

it('a device whose provider is missing names the fix, and no process is left', async () => {
  await expectFailure(
    [
      ...['denoise', ...ok.flags, '--num-inference-steps', '2', '--local-workers', '1', '--device', 'cuda'],
      ...['--out', out('l.npy'), '--cache', join(folder, 'cache'), '--quiet'],
    ],
    { code: 'provider_unavailable', exitCode: 4, message: /device cuda/, hint: /setup:cuda/ },
  );
});

it('a file that is not a picture of a prompt at all: an empty prompt draws something', async () => {
  writeFileSync(out('empty.txt'), '');
  const run = await runCli([
    ...['generate', '', '--coordinator', coordinator, '--num-inference-steps', '2', '--components', '1'],
    ...['--out', out('empty.png'), '--quiet'],
  ]);
  expect(run).toMatchObject({ code: 0, stdout: `${out('empty.png')}\n` });
});
