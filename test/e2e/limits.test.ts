import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AsyncDiffClient } from '../../client/index.js';
import { AsyncDiffError } from '../../common/errors/index.js';
import { packageRoot } from '../../common/package.js';
import {
  clientError,
  type CoordinatorChannel,
  coordinatorService,
  openCoordinatorChannel,
  unary,
} from '../../rpc/index.js';
import { CliProcess } from '../support/child.js';
import { tempFolder } from '../support/temp-folder.js';

/** One bad request must not cost the coordinator more. */
const MAX_GROWTH_BYTES = 100 * 2 ** 20;

let serve: CliProcess;
let pid: number;
let channel: CoordinatorChannel;
let client: AsyncDiffClient;

beforeAll(async () => {
  const model = join(packageRoot, 'models', 'emoji');
  serve = new CliProcess([
    'serve',
    '--model',
    model,
    '--listen',
    '127.0.0.1:0',
    '--threads',
    '1',
    '--max-jobs-per-client',
    '3',
    '--max-stored-gb',
    '1',
    '--cache',
    join(tempFolder(), 'cache'),
  ]);
  const { address, pid: process } = await serve.ready();
  pid = process;
  channel = openCoordinatorChannel(address);
  client = new AsyncDiffClient(address);
});
afterAll(async () => {
  channel.close();
  client.close();
  await serve.stop();
});

/** Resident memory of the coordinator, bytes; 0 where the system does not tell. */
function residentBytes(): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** As a client of any language sends it: nothing here checks it first. */
function streamed(kind: 'generate' | 'denoise', request: object): Promise<AsyncDiffError> {
  const call = kind === 'generate' ? channel.generate(request) : channel.denoise(request);
  return new Promise((resolve, reject) => {
    call.on('error', (error: Error) => resolve(clientError(error)));
    call.on('data', () => reject(new Error('it was taken')));
    call.on('end', () => reject(new Error('it was taken')));
  });
}

/** Refused with this code and text, while status answers and memory stays flat. */
async function expectRefused(refusal: Promise<AsyncDiffError>, code: string, text: RegExp): Promise<void> {
  const before = residentBytes();
  const status = client.status();
  const error = await refusal;
  expect(error).toMatchObject({ code, rawMessage: expect.stringMatching(text) });
  expect(error.rawMessage.length).toBeLessThan(300);
  await expect(status).resolves.toMatchObject({ queuedJobs: 0 });
  expect(residentBytes() - before).toBeLessThan(MAX_GROWTH_BYTES);
}

const float = (count: number, dims: readonly number[]) => ({
  dtype: 'float32',
  dims: [...dims],
  data: Buffer.alloc(count * 4),
});

describe('a request out of bounds is refused at the door', () => {
  it.each([
    [
      { plan: { components: 4_294_967_295 } },
      'invalid_settings',
      /^components is 4294967295, it must be .* 64/,
    ],
    [{ plan: { stride: 100_000 } }, 'invalid_settings', /^stride is 100000, .*--stride, ASYNCDIFF_STRIDE/],
    [{ numImagesPerPrompt: 500 }, 'invalid_settings', /^num_images_per_prompt is 500, .* from 1 to 64/],
    [{ numImagesPerPrompt: 100_000 }, 'invalid_settings', /^num_images_per_prompt is 100000/],
    [{ numInferenceSteps: 4_000_000_000 }, 'invalid_settings', /^num_inference_steps is 4000000000/],
    [{ guidanceScale: Number.NaN }, 'invalid_settings', /^guidance_scale is NaN/],
    [{ height: 8192, width: 8192 }, 'limit_exceeded', /67108864 pixels, at most 33554432/],
    [{ prompt: 'a'.repeat(10_000_000) }, 'limit_exceeded', /^prompt has 10000000 characters, at most 65536/],
    [{ negativePrompt: 'a'.repeat(1_000_000) }, 'limit_exceeded', /^negative_prompt has 1000000 characters/],
    [
      { schedulerConfig: '['.repeat(1_000_000) },
      'limit_exceeded',
      /^scheduler_config has 1000000 characters/,
    ],
    [{ samplerOptions: '['.repeat(1_000_000) }, 'limit_exceeded', /^sampler_options/],
    [{ arguments: { '\u001b[31m': { number: 1 } } }, 'invalid_input', /must be printable/],
    [
      { arguments: { x: { numbers: { values: Array.from({ length: 5000 }, () => 1) } } } },
      'limit_exceeded',
      /5000 numbers/,
    ],
    [{ plan: { cuts: ['x'.repeat(2000)] } }, 'invalid_settings', /^cuts is /],
  ])('generate %#', async (request, code, text) => {
    await expectRefused(streamed('generate', { prompt: 'red apple', ...request }), code, text);
  });

  it.each([
    [
      {
        inputs: {
          sample: float(
            1,
            Array.from({ length: 9 }, () => 1),
          ),
        },
      },
      'limit_exceeded',
      /9 dimensions, at most 8/,
    ],
    [{ inputs: { sample: float(1, [4e9, 4e9]) } }, 'limit_exceeded', /bytes, at most 268435456/],
    [
      { inputs: Object.fromEntries(Array.from({ length: 65 }, (_, at) => [`x${at}`, float(1, [1])])) },
      'limit_exceeded',
      /65 tensors, at most 64/,
    ],
    [{ inputs: { ['x'.repeat(300)]: float(1, [1]) } }, 'limit_exceeded', /300 characters, at most 256/],
    [{ plan: { lag: 3 } }, 'invalid_settings', /^lag is 3/],
  ])('denoise %#', async (request, code, text) => {
    await expectRefused(streamed('denoise', request), code, text);
  });

  it('plan', async () => {
    const plan = (inputShapes: Record<string, { dims: number[] }>) =>
      unary(channel, coordinatorService().Plan, { inputShapes }, {}).then(
        () => expect.fail('it was taken'),
        (error: unknown) => AsyncDiffError.from(error),
      );
    await expectRefused(plan({ x: { dims: [100_000, 100_000] } }), 'limit_exceeded', /at most 268435456/);
  });

  it('upload', async () => {
    const upload = (...headers: readonly object[]): Promise<AsyncDiffError> =>
      new Promise((resolve, reject) => {
        const call = channel.uploadModel((error: Error | null) =>
          error === null ? reject(new Error('it was taken')) : resolve(clientError(error)),
        );
        for (const header of headers) call.write({ header });
        call.end();
      });
    const modelSha256 = 'a'.repeat(64);
    const huge = { modelSha256, path: 'model.onnx', sizeBytes: 2 ** 40 };
    await expectRefused(upload(huge), 'limit_exceeded', /at most 68719476736/);
    const stored = { modelSha256, path: 'model.onnx', sizeBytes: 2 ** 31 };
    await expectRefused(upload(stored), 'limit_exceeded', /at most 1073741824/);
    const files = Array.from({ length: 65 }, (_, at) => ({ modelSha256, path: `${at}`, sizeBytes: 0 }));
    await expectRefused(upload(...files), 'limit_exceeded', /65 files, at most 64/);
    await expectRefused(upload({ ...huge, modelSha256: '../x' }), 'invalid_input', /SHA-256/);
  });
});

it('the library refuses before it sends, with the same words', () => {
  expect(() => client.generate({ prompt: 'red apple', numImagesPerPrompt: 1.5 })).toThrowError(
    /num_images_per_prompt is 1.5, it must be a whole number from 1 to 64/,
  );
  expect(() => client.generate({ prompt: 'red apple', plan: { stride: -1 } })).toThrowError(/stride is -1/);
});
