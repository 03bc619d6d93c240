import type { PipelineRun } from './description.js';
import { configSize, type ModelFolder } from './model-folder.js';
import { fixedAxis } from './parts.js';
import type { TileEdges } from './tiles.js';
import { VAE_DECODER, VAE_ENCODER, vaePart } from './vae-part.js';

/** Edges of tiles at both ends of a VAE. */
interface VaeTiles {
  readonly pixels: number;
  readonly latents: number;
}

/** VAEs whose tiles are those of AutoencoderKL; others have their own, or none. */
const TILED: ReadonlySet<unknown> = new Set([
  'AutoencoderKL',
  'AutoencoderKLFlux2',
  'ORTVaeDecoder',
  'ORTVaeEncoder',
  undefined,
]);

/**
 * Memory that a VAE takes for a pixel, beside its weights, over the channels of the block that it ends with at full size. Measured: 3.9 GB at 1024 x 1024 with
 * 256 channels in ONNX Runtime on the CPU.
 */
const BYTES_PER_PIXEL_AND_CHANNEL = 16;
/** Share of a device's memory that a VAE may take before `auto` has it work in tiles. */
const AUTO_SHARE = 0.5;

/** Why a VAE works on whole pictures only; undefined where it can work in tiles. */
export function whyNoTiles(run: Pick<PipelineRun, 'model' | 'partInfo'>): string | undefined {
  const vae = vaePart(run.model);
  if (vae === undefined) return 'there is no VAE';
  const kind = vae.config['_class_name'];
  if (!TILED.has(kind)) return `the VAE is of another kind (${String(kind)})`;
  if (fixedAxis(run.partInfo(VAE_DECODER)?.inputs[0], -1) !== undefined) return 'its file has a fixed size';
  const { pixels, latents } = tilesOf(run);
  return pixels % 4 === 0 && latents % 4 === 0 && pixels > 0
    ? undefined
    : `its sample_size of ${pixels} gives no even tiles`;
}

/** Edges of the tiles for what goes into a half of the VAE, [B, C, height, width]; undefined where it goes through as a whole. */
export function tileEdges(run: PipelineRun, part: string, dims: readonly number[]): TileEdges | undefined {
  const { vaeTiling = 'auto' } = run.call;
  if (vaeTiling === 'off' || dims.length !== 4 || whyNoTiles(run) !== undefined) return undefined;
  if (fixedAxis(run.partInfo(part)?.inputs[0], -1) !== undefined) return undefined;
  const { pixels, latents } = tilesOf(run);
  const isEncoder = part === VAE_ENCODER;
  const edges = isEncoder ? { input: pixels, output: latents } : { input: latents, output: pixels };
  const [, , height = 0, width = 0] = dims;
  if (height <= edges.input && width <= edges.input) return undefined;
  const fits = vaeWorkBytes(run.model, part, dims) <= AUTO_SHARE * run.partMemoryBytes;
  return vaeTiling === 'auto' && fits ? undefined : edges;
}

/** Memory that a half of a VAE takes for what goes into it, beside its weights; 0 for any other part. */
export function vaeWorkBytes(model: ModelFolder, part: string, dims: readonly number[]): number {
  if ((part !== VAE_ENCODER && part !== VAE_DECODER) || dims.length !== 4) return 0;
  const { pixels, latents } = tilesOf({ model });
  const [batch = 1, , height = 0, width = 0] = dims;
  const scale = part === VAE_ENCODER ? 1 : pixels / Math.max(1, latents);
  return batch * height * width * scale ** 2 * bytesPerPixel(model);
}

/** diffusers' `tile_sample_min_size` and `tile_latent_min_size`. */
function tilesOf({ model }: Pick<PipelineRun, 'model'>): VaeTiles {
  const vae = vaePart(model);
  const given = vae?.config['sample_size'];
  const pixels =
    Array.isArray(given) && given.length > 0 ? Number(given[0]) : configSize(vae, 'sample_size', 32);
  return { pixels, latents: Math.floor(pixels / 2 ** (Math.max(1, blocksOf(vae).length) - 1)) };
}

function bytesPerPixel(model: ModelFolder): number {
  const [first = 128, second = first] = blocksOf(vaePart(model));
  return BYTES_PER_PIXEL_AND_CHANNEL * second;
}

/** AutoencoderKL's default has one block of 64 channels. */
function blocksOf(vae: ReturnType<typeof vaePart>): readonly number[] {
  const blocks = vae?.config['block_out_channels'];
  return Array.isArray(blocks) ? blocks.map(Number) : [64];
}
