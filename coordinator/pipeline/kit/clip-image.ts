import { decodePng } from '../../../common/image/index.js';
import { float32, type Tensor } from '../../../common/tensor/index.js';
import type { PipelineRun } from './description.js';
import { fixedAxis } from './parts.js';

/** CLIP's own, where preprocessor_config.json is not there to say them. */
export const CLIP_MEAN = [0.48145466, 0.4578275, 0.40821073] as const;
export const CLIP_DEVIATION = [0.26862954, 0.26130258, 0.27577711] as const;
export const CLIP_EDGE = 224;
/** Of the cubic kernel, as torch has it. */
const A = -0.75;

/**
 * A picture through a CLIP image encoder, [1, hidden]: blurred, made 224 x 224 and normalised as StableVideoDiffusionPipeline's `_encode_image` does
 * (the picture as it was given, whatever size is drawn).
 */
export async function encodeClipImage(run: PipelineRun, file: Uint8Array): Promise<Tensor> {
  const part = 'image_encoder';
  const input = run.partInfo(part)?.inputs[0];
  const edge = fixedAxis(input, -1) ?? CLIP_EDGE;
  const { width, height, data } = await decodePng(file);
  const planes = new Float32Array(3 * edge * edge);
  for (let channel = 0; channel < 3; channel += 1) {
    const plane = {
      width,
      height,
      values: Float32Array.from({ length: width * height }, (_, i) => signed(data[3 * i + channel])),
    };
    const small = resize(blur(plane, edge), edge);
    const [mean, deviation] = [CLIP_MEAN[channel] as number, CLIP_DEVIATION[channel] as number];
    planes.set(
      small.map((value) => (Math.fround(Math.fround(value + 1) / 2) - mean) / deviation),
      channel * edge * edge,
    );
  }
  const output = 'image_embeds';
  const { [output]: states } = await run.runPart(
    part,
    { [input?.name ?? 'pixel_values']: float32(planes, [1, 3, edge, edge]) },
    [output],
  );
  return states as Tensor;
}

function signed(byte: number | undefined): number {
  return 2 * Math.fround((byte ?? 0) / 255) - 1;
}

interface Plane {
  readonly width: number;
  readonly height: number;
  readonly values: Float32Array;
}

/** Gaussian blur before a plane is made smaller (diffusers' `_resize_with_antialiasing`), reflected at the edges. */
function blur({ width, height, values }: Plane, edge: number): Plane {
  const rows = filter(values, { count: height, length: width, step: 1, jump: width }, gaussian(width / edge));
  const both = filter(rows, { count: width, length: height, step: width, jump: 1 }, gaussian(height / edge));
  return { width, height, values: both };
}

/** Kernel for a plane that becomes smaller by `factor`. */
function gaussian(factor: number): Float32Array {
  const sigma = Math.max((factor - 1) / 2, 0.001);
  const size = Math.trunc(Math.max(4 * sigma, 3));
  const odd = size % 2 === 0 ? size + 1 : size;
  const middle = Math.floor(odd / 2);
  const weights = Float64Array.from({ length: odd }, (_, i) =>
    Math.exp(-((i - middle) ** 2) / (2 * sigma ** 2)),
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return Float32Array.from(weights, (weight) => weight / sum);
}

/** Where the lines of a plane lie: so many, elements of each, from one element to the next, from one line to the next. */
interface Lines {
  readonly count: number;
  readonly length: number;
  readonly step: number;
  readonly jump: number;
}

function filter(
  values: Float32Array,
  { count, length, step, jump }: Lines,
  kernel: Float32Array,
): Float32Array {
  const half = (kernel.length - 1) / 2;
  const out = new Float32Array(values.length);
  for (let line = 0; line < count; line += 1)
    for (let i = 0; i < length; i += 1) {
      let sum = 0;
      for (let k = 0; k < kernel.length; k += 1) {
        const at = reflect(i + k - half, length);
        sum += (kernel[k] as number) * (values[line * jump + at * step] as number);
      }
      out[line * jump + i * step] = sum;
    }
  return out;
}

function reflect(at: number, length: number): number {
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const within = ((at % period) + period) % period;
  return within < length ? within : period - within;
}

/** torch's bicubic interpolation with aligned corners, to edge x edge. */
function resize({ width, height, values }: Plane, edge: number): Float32Array {
  const [across, down] = [taps(width, edge), taps(height, edge)];
  const out = new Float32Array(edge * edge);
  for (let y = 0; y < edge; y += 1)
    for (let x = 0; x < edge; x += 1) {
      let sum = 0;
      for (const row of down[y] ?? []) {
        let inner = 0;
        for (const column of across[x] ?? [])
          inner += column.weight * (values[row.at * width + column.at] as number);
        sum += row.weight * inner;
      }
      out[y * edge + x] = sum;
    }
  return out;
}

interface Tap {
  readonly at: number;
  readonly weight: number;
}

/** The four elements of a line that each of `count` new ones is made of. */
function taps(length: number, count: number): Tap[][] {
  const scale = count === 1 ? 0 : (length - 1) / (count - 1);
  return Array.from({ length: count }, (_, i) => {
    const place = i * scale;
    const first = Math.floor(place);
    const t = place - first;
    return [cubicFar(t + 1), cubicNear(t), cubicNear(1 - t), cubicFar(2 - t)].map((weight, tap) => ({
      at: Math.min(length - 1, Math.max(0, first - 1 + tap)),
      weight,
    }));
  });
}

/** Weight at a distance of at most 1. */
function cubicNear(x: number): number {
  return ((A + 2) * x - (A + 3)) * x * x + 1;
}

/** Weight at a distance of 1 to 2. */
function cubicFar(x: number): number {
  return ((A * x - 5 * A) * x + 8 * A) * x - 4 * A;
}
