import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AsyncDiffError } from '../common/errors/index.js';
import { describeModel, type InputShapes } from '../planner/model/index.js';

/** Where a predictor lies in the folder of a whole pipeline, or of its own. */
const PLACES = ['unet/model.onnx', 'transformer/model.onnx', 'model.onnx'] as const;
/** A VAE halves a picture once less than it has blocks; most have four. */
const DEFAULT_VAE_BLOCKS = 4;
/** Tokens of a prompt where the model leaves their number open: CLIP's; with T5 beside it (SD 3), 256 more. */
const CLIP_TOKENS = 77;
const T5_TOKENS = 256;
/** Sides of the latents where neither the model nor its config says one. */
const DEFAULT_SIDE = 64;

interface PictureSize {
  /** Pixels; what the model's config says where they are left out. */
  readonly height?: number | undefined;
  readonly width?: number | undefined;
}

interface Config {
  readonly sample_size?: number | readonly number[];
  readonly block_out_channels?: readonly unknown[];
  readonly out_channels?: unknown;
}

/** The noise predictor of a file or folder, whatever pipeline it belongs to. Throws `model_not_found`. */
export function predictorOf(model: string): string {
  const stats = statSync(model, { throwIfNoEntry: false });
  if (stats?.isDirectory() !== true) return model;
  const place = PLACES.find((one) => existsSync(join(model, one)));
  if (place !== undefined) return join(model, place);
  throw new AsyncDiffError(
    'model_not_found',
    `${model} has no noise predictor: none of ${PLACES.join(', ')} is there`,
  );
}

/**
 * Shapes of a predictor's inputs for one picture with guidance, without running or loading any other part: the batch is two, latents are
 * the picture's size over the VAE's, a prompt has as many tokens as its text encoder gives. What the model fixes stays as it is; what cannot be
 * told is left out.
 *
 * @throws AsyncDiffError `invalid_settings` for a height or width that the VAE's factor does not divide
 */
export function guessShapes(
  modelPath: string,
  folder: string,
  size: PictureSize,
  batch: number,
): InputShapes {
  const { inputs, sample } = describeModel(modelPath);
  const sides = latentSides(join(modelPath, '..', 'config.json'), folder, size);
  const hasPooled = inputs.some(({ name }) => name === 'pooled_projections');
  const shapes: Record<string, readonly number[]> = {};
  for (const input of inputs) {
    if (input.dims.length === 0) continue;
    const spatial = input.dims.length - 2;
    const dims = input.dims.map((dim, axis) => {
      if (typeof dim === 'number') return dim;
      if (axis === 0) return input.dims.length === 1 ? 1 : batch;
      if (input === sample) return axis < 2 ? undefined : sides[axis - 2 - Math.max(0, spatial - 2)];
      return input.name === 'encoder_hidden_states' && axis === 1
        ? CLIP_TOKENS + (hasPooled ? T5_TOKENS : 0)
        : undefined;
    });
    // The number of timesteps, or the batch's: the planner knows.
    if (input.dims.length === 1) continue;
    if (!dims.includes(undefined))
      shapes[input === sample ? 'sample' : input.name] = dims.map((dim) => dim ?? 1);
  }
  return shapes;
}

/** Height and width of the latents. */
function latentSides(configPath: string, folder: string, { height, width }: PictureSize): [number, number] {
  const { sample_size: own } = readConfig(configPath);
  const [ownHeight = DEFAULT_SIDE, ownWidth = ownHeight] = typeof own === 'number' ? [own] : (own ?? []);
  const vae = ['vae_decoder', 'vae']
    .map((part) => join(folder, part, 'config.json'))
    .find((path) => existsSync(path));
  const blocks =
    (vae === undefined ? undefined : readConfig(vae).block_out_channels?.length) ?? DEFAULT_VAE_BLOCKS;
  const factor = 2 ** (blocks - 1);
  const side = (name: string, pixels: number | undefined, otherwise: number): number => {
    if (pixels === undefined) return otherwise;
    if (pixels % factor === 0) return pixels / factor;
    throw new AsyncDiffError('invalid_settings', `${name} is ${pixels}, it must be a multiple of ${factor}`);
  };
  return [side('height', height, ownHeight), side('width', width, ownWidth)];
}

/** Channels of the prediction as the config beside a predictor says; undefined where it does not. */
export function outChannelsOf(modelPath: string): number | undefined {
  const { out_channels: channels } = readConfig(join(modelPath, '..', 'config.json'));
  return typeof channels === 'number' ? channels : undefined;
}

function readConfig(path: string): Config {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Config;
  } catch {
    // Without one (or with one that says -Infinity somewhere) the defaults stand in.
    return {};
  }
}
