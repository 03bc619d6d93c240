import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { elementCount, float32, type Tensor } from '../../../common/tensor/index.js';
import { Pipeline } from '../../../coordinator/pipeline/index.js';
import { inTiles, tileEdges, type PipelineRun } from '../../../coordinator/pipeline/kit/index.js';
import { RecordedPipeline, RECORDINGS } from '../../support/recorded-pipeline.js';

function ramp(...dims: number[]): Tensor {
  return float32(
    Float32Array.from({ length: elementCount(dims) }, (_, i) => ((i * 37) % 101) / 101),
    dims,
  );
}

/** A network of one channel that makes each element out of the one below it, and of the largest of its tile: tiles differ where they overlap. */
function network(pick: (tile: Tensor, y: number, x: number) => number, scale: number) {
  return async (tile: Tensor): Promise<Tensor> => {
    const [, , height = 0, width = 0] = tile.dims;
    const most = Math.max(...(tile.data as Float32Array));
    const [rows, columns] = [Math.round(height * scale), Math.round(width * scale)];
    const data = Float32Array.from({ length: rows * columns }, (_, i) =>
      Math.fround(pick(tile, Math.floor(i / columns), i % columns) + most),
    );
    return float32(data, [1, 1, rows, columns]);
  };
}

function at(tile: Tensor, y: number, x: number): number {
  return tile.data[y * (tile.dims[3] ?? 0) + x] as number;
}

const decode = network((tile, y, x) => 2 * at(tile, y >> 1, x >> 1), 2);
const encode = network(
  (tile, y, x) =>
    Math.max(
      at(tile, 2 * y, 2 * x),
      at(tile, 2 * y, 2 * x + 1),
      at(tile, 2 * y + 1, 2 * x),
      at(tile, 2 * y + 1, 2 * x + 1),
    ),
  0.5,
);

function sha256({ data }: Tensor): string {
  return createHash('sha256')
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest('hex');
}

describe('tiles of a VAE', () => {
  it('are blended linearly over a quarter of a tile', async () => {
    // Tiles of 4 every 3, each all of one value, its number: the shared column is a mixture of both.
    let tiles = 0;
    const made = await inTiles(ramp(1, 1, 1, 7), { input: 4, output: 8 }, async ({ dims }) => {
      tiles += 1;
      const width = 2 * (dims[3] ?? 0);
      return float32(new Float32Array(2 * width).fill(tiles), [1, 1, 2, width]);
    });
    expect(made.dims).toEqual([1, 1, 2, 14]);
    const row = [1, 1, 1, 1, 1, 1, 1, 1.5, 2, 2, 2, 2, 2, 2.5];
    expect([...made.data]).toEqual([...row, ...row]);
  });

  // AutoencoderKL(sample_size=16, two blocks) of diffusers 0.39.0 with these networks in place of its own, on the same ramps.
  it("give the bits of diffusers' tiled_decode and _tiled_encode", async () => {
    const picture = await inTiles(ramp(1, 1, 13, 18), { input: 8, output: 16 }, decode);
    expect(picture.dims).toEqual([1, 1, 26, 36]);
    expect(sha256(picture)).toBe('2203b0daaecfafabbd1929dd6423d515818662423b094ac400d3478bd2920976');
    const latents = await inTiles(ramp(1, 1, 26, 36), { input: 16, output: 8 }, encode);
    expect(latents.dims).toEqual([1, 1, 13, 18]);
    expect(sha256(latents)).toBe('f81e3a5eb7ab6e951763ba549c0cfeb29c19c0199ff193ef4abf56128ef92214');
  });

  const run = (
    config: Record<string, unknown>,
    vaeTiling: 'auto' | 'on' | 'off',
    gigabytes = 1,
  ): PipelineRun =>
    ({
      model: { parts: { vae_decoder: { path: '', config, configName: '' } } },
      call: { prompt: '', vaeTiling },
      partInfo: () => ({
        inputs: [{ name: 'latent_sample', dtype: 'float32', dims: ['b', 4, 'h', 'w'] }],
        outputs: [],
      }),
      partMemoryBytes: gigabytes * 1e9,
    }) as unknown as PipelineRun;
  const sd = { _class_name: 'AutoencoderKL', sample_size: 512, block_out_channels: [128, 256, 512, 512] };

  it('are used where they are asked for and the picture is larger than one', () => {
    const edges = { input: 64, output: 512 };
    expect(tileEdges(run(sd, 'on'), 'vae_decoder', [1, 4, 64, 72])).toEqual(edges);
    expect(tileEdges(run(sd, 'on'), 'vae_encoder', [1, 3, 512, 576])).toEqual({ input: 512, output: 64 });
    expect(tileEdges(run(sd, 'on'), 'vae_decoder', [1, 4, 64, 64])).toBeUndefined();
    expect(tileEdges(run(sd, 'off'), 'vae_decoder', [1, 4, 512, 512])).toBeUndefined();
    expect(
      tileEdges(run({ ...sd, _class_name: 'AutoencoderDC' }, 'on'), 'vae_decoder', [1, 4, 128, 128]),
    ).toBeUndefined();
  });

  it('are chosen by memory with auto: 4 KB a pixel of Stable Diffusion', () => {
    expect(tileEdges(run(sd, 'auto', 8), 'vae_decoder', [1, 4, 128, 128])).toEqual({
      input: 64,
      output: 512,
    });
    expect(tileEdges(run(sd, 'auto', 9), 'vae_decoder', [1, 4, 128, 128])).toBeUndefined();
    expect(tileEdges(run(sd, 'auto', 8), 'vae_encoder', [1, 3, 1024, 1024])).toBeDefined();
    expect(tileEdges(run(sd, 'auto', 9), 'vae_encoder', [1, 3, 1024, 1024])).toBeUndefined();
  });

  it.skipIf(!existsSync(RECORDINGS))(
    'go through a real decoder, and change a picture where they meet',
    async () => {
      const { model } = new RecordedPipeline(RECORDINGS, 'sd15-img2img');
      const pipeline = await Pipeline.open(model, { threads: 1 });
      try {
        const draw = async (vaeTiling: 'on' | 'off') => {
          const begun = await pipeline.begin({
            prompt: 'a fox',
            height: 160,
            width: 192,
            numInferenceSteps: 2,
            vaeTiling,
          });
          const { pictures } = await begun.finish(begun.job.latents);
          return pictures[0]?.floats as Float32Array;
        };
        const [whole, tiled] = [await draw('off'), await draw('on')];
        expect(tiled).toHaveLength(whole.length);
        const differences = tiled.map((value, i) => Math.abs(value - (whole[i] as number)));
        expect(Math.max(...differences)).toBeGreaterThan(0);
        expect(differences.reduce((sum, one) => sum + one, 0) / whole.length).toBeLessThan(0.1);
      } finally {
        await pipeline.close();
      }
    },
  );
});
