import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AsyncDiffClient } from '../../client/index.js';
import { writeNpy } from '../../common/npy/index.js';
import { packageRoot } from '../../common/package.js';
import { elementCount, float32, zeros } from '../../common/tensor/index.js';
import { CliProcess } from '../support/child.js';
import { type ExpectedFailure, expectFailure } from '../support/cli.js';
import { denoiseOn } from '../support/cluster.js';
import { expectFailureHere, runHere } from '../support/command-here.js';
import {
  type SmallFiles,
  SMALL_SCHEDULER,
  smallInputs,
  writeSmallFiles,
} from '../support/small-predictor.js';

const EMOJI = join(packageRoot, 'models', 'emoji');

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
    'serve',
    '--model',
    EMOJI,
    '--listen',
    '127.0.0.1:0',
    '--max-message-mb',
    '10',
    '--threads',
    '1',
    ...cache,
  ]);
  coordinator = (await serve.ready()).address;
  worker = new CliProcess([
    'worker',
    '--join',
    coordinator,
    '--name',
    'only',
    '--threads',
    '1',
    '--exit-with-stdin',
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
    'denoise',
    ...files.flags,
    '--num-inference-steps',
    '4',
    '--coordinator',
    coordinator,
    '--out',
    out('latents.npy'),
    '--quiet',
    ...flags,
  ];
}

describe('the coordinator refuses a job, and runs the next one', () => {
  afterAll(() => client?.close());
  let client: AsyncDiffClient;
  const next = async () => ({
    modelSha256: await client.uploadModel(ok.model),
    schedulerConfig: SMALL_SCHEDULER,
    inputs: smallInputs(),
    numInferenceSteps: 4,
  });
  const wrongShape = (): string => join(folder, 'wrong-shape.npy');
  const wrongType = (): string => join(folder, 'wrong-type.npy');
  const huge = (): string => join(folder, 'huge.npy');
  const noNumber = (): string => join(folder, 'nan.npy');
  const noContext = (): string => join(folder, 'nan-context.npy');
  const timestep = (): string => join(folder, 'timestep.npy');
  beforeAll(async () => {
    client = new AsyncDiffClient(coordinator);
    await writeNpy(wrongShape(), zeros('float32', [1, 3, 8, 8]));
    await writeNpy(wrongType(), zeros('int64', [1, 5, 6]));
    await writeNpy(huge(), zeros('float32', [1, 4, 1024, 1024]));
    const nan = (dims: readonly number[]) =>
      float32(new Float32Array(elementCount(dims)).fill(Number.NaN), dims);
    await writeNpy(noNumber(), nan([1, 4, 8, 8]));
    await writeNpy(noContext(), nan([1, 5, 6]));
    await writeNpy(timestep(), zeros('int64', [1]));
  });

  const cases: [string, () => string[], ExpectedFailure][] = [
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
      'latents that hold NaN: the model is not to blame',
      () => denoise(ok, ['--input', `sample=${noNumber()}`]),
      { code: 'invalid_input', exitCode: 2, message: /input sample holds NaN/ },
    ],
    [
      'conditioning that holds NaN, by its name',
      () => denoise(ok, ['--input', `encoder_hidden_states=${noContext()}`]),
      { code: 'not_finite', exitCode: 1, message: /its input "encoder_hidden_states" held it already/ },
    ],
    [
      'a timestep, which the sampler feeds',
      () => denoise(ok, ['--input', `timestep=${timestep()}`]),
      { code: 'invalid_input', exitCode: 2, message: /input timestep is given/, hint: /--timesteps/ },
    ],
    [
      'an unknown input',
      () => denoise(ok, ['--input', `encoder_states=${ok.context}`]),
      { code: 'invalid_input', exitCode: 2, message: /no input encoder_states.*encoder_hidden_states/ },
    ],
    [
      'a missing input',
      () => [
        'denoise',
        '--model',
        ok.model,
        '--scheduler',
        ok.scheduler,
        '--input',
        `sample=${ok.sample}`,
        '--num-inference-steps',
        '4',
        '--coordinator',
        coordinator,
        '--quiet',
        '--out',
        out('l.npy'),
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
      () => denoise(ok, ['--components', '60']),
      { code: 'partition_impossible', exitCode: 2, message: /60 components.*at most \d+/ },
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
      { code: 'message_too_large', exitCode: 1, message: /\d+ bytes came/, hint: /--max-message-mb/ },
    ],
  ];
  it.each(cases)('%s', async (_name, args, expected) => {
    await expectFailureHere(args(), expected);
    const { done } = await denoiseOn(client, await next());
    expect(done.report.steps).toBe(4);
    expect(worker.ended).toBe(false);
  });

  it('a prompt that is too long is cut, with a warning', async () => {
    const prompt = 'red apple '.repeat(60);
    const run = await runHere([
      'generate',
      prompt,
      '--coordinator',
      coordinator,
      '--num-inference-steps',
      '2',
      '--out',
      out('long.png'),
      '--json',
      '--components',
      '1',
    ]);
    expect(run.code, run.stderr).toBe(0);
    expect(run.stderr).toMatch(/warning: .*(truncated|cut|too long|token)/i);
  });

  it('no workers', async () => {
    const lonely = new CliProcess(['serve', '--listen', '127.0.0.1:0', '--cache', join(folder, 'cache')]);
    const { address } = await lonely.ready();
    await expectFailureHere(denoise(ok, ['--coordinator', address]), {
      code: 'no_workers',
      exitCode: 3,
      message: /no worker is registered/,
      hint: /asyncdiff worker --join/,
    });
    await expectFailureHere(['generate', 'x', '--coordinator', address, '--out', out('x.png')], {
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
      'denoise',
      ...ok.flags,
      ...'--num-inference-steps 2 --local-workers 1 --device cuda --quiet'.split(' '),
    ].concat(['--out', out('l.npy'), '--cache', join(folder, 'cache')]),
    { code: 'provider_unavailable', exitCode: 4, message: /device cuda/, hint: /setup cuda/ },
  );
});

it('an empty prompt is a prompt', async () => {
  const flags = '--num-inference-steps 2 --components 1 --quiet'.split(' ');
  const where = ['--coordinator', coordinator, '--out', out('empty.png')];
  const run = await runHere(['generate', '', ...where, ...flags]);
  expect(run).toMatchObject({ code: 0, stdout: `${out('empty.png')}\n` });
});
