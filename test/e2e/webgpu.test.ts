import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeModel, type ModelProto } from '../../common/model-file/index.js';
import { readNpy, writeNpy } from '../../common/npy/index.js';
import { distFile, packageRoot } from '../../common/package.js';
import { TorchGenerator } from '../../common/random/index.js';
import type { Tensor } from '../../common/tensor/index.js';
import { expectSameBits, maxAbsDifference } from '../support/bits.js';
import { CliProcess } from '../support/child.js';
import { AsyncDiffClient } from '../../client/index.js';
import { eventually, runCli } from '../support/cli.js';
import { halfModel } from '../support/half-model.js';
import { writeModel } from '../support/onnx-builder.js';
import { smallInputs, smallPredictor } from '../support/small-predictor.js';
import { runOnVulkan, vulkanEnvironment, whyNoWebgpu } from '../support/software-vulkan.js';

/**
 * The bundled predictor takes a device in software half a minute of processor time, nearly all of it to compile shaders: two steps say what more would, and it
 * is drawn where ASYNCDIFF_TEST_WEBGPU=bundled asks for it.
 */
const BUNDLED_STEPS = '2';
const BUNDLED_TIMEOUT_MS = 300_000;
const drawsBundled = process.env['ASYNCDIFF_TEST_WEBGPU'] === 'bundled';
const EMOJI = join(packageRoot, 'models', 'emoji');
const folder = mkdtempSync(join(tmpdir(), 'asyncdiff-webgpu-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (...names: string[]): string => join(folder, ...names);

function write(name: string, model: ModelProto): string {
  mkdirSync(at(name));
  return writeModel(model, at(name));
}

const bundled = join(EMOJI, 'unet', 'model.onnx');
const models = {
  small: {
    float32: write('small', smallPredictor()),
    float16: write('small16', halfModel(smallPredictor())),
  },
  bundled: {
    float32: bundled,
    float16: write('bundled16', halfModel(decodeModel(readFileSync(bundled), bundled))),
  },
} as const;
/** What keeps a type off the device. A device need not know float16: SwiftShader does not. */
const missing = {
  float32: whyNoWebgpu(models.small.float32),
  float16: whyNoWebgpu(models.small.float16),
} as const;
for (const [dtype, why] of Object.entries(missing))
  if (why !== undefined) console.log(`webgpu is not tested with ${dtype}, no session can be opened: ${why}`);

describe.skipIf(missing.float32 !== undefined)('two webgpu workers', () => {
  const env = { ...vulkanEnvironment(), XDG_CACHE_HOME: at('cache') };
  let address: string;

  beforeAll(async () => {
    await writeNpy(at('sample.npy'), new TorchGenerator(1).randn([1, 4, 16, 16]));
    await writeNpy(at('encoder_hidden_states.npy'), new TorchGenerator(2).randn([1, 16, 192]));
    for (const [name, tensor] of Object.entries(smallInputs()))
      await writeNpy(at(`small-${name}.npy`), tensor);
    const cache = ['--cache', at('cache'), '--exit-with-stdin'];
    ({ address } = await new CliProcess(['serve', '--listen', '127.0.0.1:0', ...cache]).ready());
    ['w1', 'w2'].map(
      (name) =>
        new CliProcess(['worker', '--join', address, '--name', name, '--device', 'webgpu', ...cache], {
          env,
        }),
    );
    const client = new AsyncDiffClient(address);
    await eventually(async () => (await client.status()).workers.length === 2, 'two workers');
    client.close();
  });

  async function denoise(model: string, inputs: string, flags: readonly string[]): Promise<Tensor> {
    const run = await runCli(
      [
        'denoise',
        '--model',
        model,
        '--scheduler',
        join(EMOJI, 'scheduler', 'scheduler_config.json'),
        ...['sample', 'encoder_hidden_states'].flatMap((name) => [
          '--input',
          `${name}=${at(inputs + name)}.npy`,
        ]),
        '--warm-up',
        '1',
        '--out',
        at('out.npy'),
        '--json',
        '--quiet',
        ...flags,
      ],
      { env },
    );
    expect(run.code, run.stderr).toBe(0);
    return readNpy(at('out.npy'));
  }

  // Head and tail are one component: the skip connections between them stay on the device.
  const small = ['--num-inference-steps', '6', '--cut', 'down1', '--cut', 'up1', '--shape', 'u-shaped'];
  const whole = ['--num-inference-steps', BUNDLED_STEPS, '--components', '2'];

  describe.each([
    ['float32', 2e-3, 5e-3],
    ['float16', 1e-1, 2e-1],
  ] as const)('%s', (dtype, smallTolerance, bundledTolerance) => {
    it.skipIf(missing[dtype] !== undefined)(
      'the bits of the reference on webgpu, near those of the CPU',
      async () => {
        const model = models.small[dtype];
        const workers = await denoise(model, 'small-', [...small, '--coordinator', address]);
        const reference = await denoise(model, 'small-', [...small, '--reference', '--device', 'webgpu']);
        expectSameBits(workers, reference, 'two workers against the reference');
        expectNear(workers, await denoise(model, 'small-', [...small, '--reference']), smallTolerance);
      },
    );

    it.skipIf(missing[dtype] !== undefined || !drawsBundled)(
      'the bundled model, near the latents of the CPU',
      async () => {
        const model = models.bundled[dtype];
        const workers = await denoise(model, '', [...whole, '--coordinator', address]);
        expectNear(workers, await denoise(model, '', [...whole, '--reference']), bundledTolerance);
      },
      BUNDLED_TIMEOUT_MS,
    );
  });

  /** Not the same bits, which would mean that it was the CPU that computed. */
  function expectNear(actual: Tensor, expected: Tensor, tolerance: number): void {
    const difference = maxAbsDifference(actual, expected);
    expect(difference).toBeGreaterThan(0);
    expect(difference).toBeLessThan(tolerance);
  }

  it('a value that only another session reads does not leave the device, and is the same there', () => {
    const { stdout, failure } = runOnVulkan(`
      import { isTensor, openOrtSession, parseDevice } from ${JSON.stringify(distFile('execution/index.js'))};
      import { zeros } from ${JSON.stringify(distFile('common/tensor/index.js'))};
      const options = { device: parseDevice('webgpu'), threads: 1, optimizationLevel: 'basic' };
      const model = { graphPath: ${JSON.stringify(models.small.float32)}, tensors: new Map() };
      const keeps = await openOrtSession(model, { ...options, inner: ['out_sample'] });
      const gives = await openOrtSession(model, options);
      const feeds = {
        sample: zeros('float32', [1, 4, 8, 8]),
        timestep: zeros('int64', [1]),
        encoder_hidden_states: zeros('float32', [1, 5, 6]),
      };
      feeds.sample.data.fill(0.25);
      const [kept, given] = [(await keeps.run(feeds)).out_sample, (await gives.run(feeds)).out_sample];
      const twice = async (sample) => Buffer.from((await gives.run({ ...feeds, sample })).out_sample.data.buffer).toString('hex');
      const [onDevice, overHost] = [await twice(kept), await twice(given)];
      kept.release();
      await keeps.release();
      await gives.release();
      console.log(JSON.stringify([isTensor(kept), isTensor(given), kept.dims, onDevice === overHost, /[1-9]/.test(onDevice)]));`);
    expect(failure).toBeUndefined();
    expect(JSON.parse(stdout)).toEqual([false, true, [1, 4, 8, 8], true, true]);
  });
});
