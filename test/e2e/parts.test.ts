import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../common/package.js';
import { parseNpy } from '../../common/npy/index.js';
import type { DecodedImage } from '../../common/image/index.js';
import { float32, type Tensor } from '../../common/tensor/index.js';
import { Pipeline } from '../../coordinator/pipeline/index.js';
import { expectSameBits } from '../support/bits.js';
import { follow, TestCluster } from '../support/cluster.js';

const EMOJI = join(packageRoot, 'models', 'emoji');
const CALL = { prompt: 'red apple', numInferenceSteps: 3, seed: 7 };

interface Opened {
  readonly part: string;
  readonly worker: string;
}

describe('text encoder and VAE on workers', () => {
  let cluster: TestCluster | undefined;
  const opened: Opened[] = [];
  /** Hears of each part as it is opened. */
  let onOpened: (one: Opened) => void = () => undefined;
  /** Plans, and what workers have of the model: made once, for all but whoever must fetch it. */
  let shared: string;
  let own: Pipeline | undefined;
  beforeAll(() => {
    shared = mkdtempSync(join(tmpdir(), 'asyncdiff-parts-'));
  });
  afterAll(async () => {
    await own?.close();
    rmSync(shared, { recursive: true, force: true });
  });
  afterEach(async () => {
    await cluster?.stop();
    cluster = undefined;
    opened.length = 0;
    onOpened = () => undefined;
  });

  async function start(
    workers: number,
    workerFlags: readonly string[] = [],
    cacheDir: string | undefined = shared,
  ): Promise<TestCluster> {
    const info = (fields: object, text: string): void => {
      if (text !== 'part opened') return;
      opened.push(fields as Opened);
      onOpened(fields as Opened);
    };
    cluster = await TestCluster.start({
      workers,
      workerFlags,
      cacheDir,
      coordinator: { modelDir: EMOJI, log: { info, warn: () => undefined } },
    });
    return cluster;
  }

  async function draw({ client }: TestCluster): Promise<{ picture: Tensor; latents: Tensor }> {
    const { done } = await follow(client.generate({ ...CALL, outputType: 'np' }));
    return { picture: parseNpy(done.images[0] as Uint8Array, 'the picture'), latents: done.latents };
  }

  /** The same latents through the same decoder in this process. */
  async function decodedHere(latents: Tensor): Promise<Tensor> {
    own ??= await Pipeline.open(EMOJI, { threads: 1 });
    const begun = await own.begin(CALL);
    const { pictures } = await begun.finish(latents);
    const [{ floats, height, width }] = pictures as [DecodedImage];
    return float32(floats, [height, width, 3]);
  }

  it('gives the bits of this process, and is opened once', async () => {
    const { picture, latents } = await draw(await start(2));
    expectSameBits(picture, await decodedHere(latents), 'picture');
    expect(opened.map(({ part }) => part)).toEqual(['text_encoder', 'vae_decoder']);
    const again = await draw(cluster as TestCluster);
    expectSameBits(again.picture, picture, 'second picture');
    expect(opened).toHaveLength(2);
  });

  it('travels by content to a worker that cannot read the files', async () => {
    const { coordinator } = await start(1, [], join(shared, 'empty'));
    for (const { facts } of coordinator.registry.workers) Object.assign(facts, { hostId: 'elsewhere' });
    const { picture, latents } = await draw(cluster as TestCluster);
    expectSameBits(picture, await decodedHere(latents), 'picture');
  });

  it('is taken over by another worker where one is lost in the middle', async () => {
    const { workers } = await start(2);
    let killed = '';
    onOpened = ({ part, worker }) => {
      if (part !== 'vae_decoder' || killed !== '') return;
      killed = worker;
      workers[Number(worker.slice(1)) - 1]?.kill('SIGKILL');
    };
    const { picture, latents } = await draw(cluster as TestCluster);
    expectSameBits(picture, await decodedHere(latents), 'picture');
    const decoders = opened.filter(({ part }) => part === 'vae_decoder').map(({ worker }) => worker);
    expect(decoders).toHaveLength(2);
    expect(decoders[1]).not.toBe(killed);
  });

  it('is refused with figures where no worker has the memory', async () => {
    const { client } = await start(1, ['--memory-gb', '0.16']);
    await expect(follow(client.generate(CALL))).rejects.toMatchObject({
      code: 'memory_exceeded',
      message: expect.stringMatching(
        /no worker has room for text_encoder, which needs 0\.\d+ GB: w1 has 0\.01 GB/,
      ) as unknown,
    });
  });
});
