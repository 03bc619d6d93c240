import { loadModelFile } from '../common/model-file/index.js';
import { AsyncDiffError } from '../common/errors/index.js';
import { TorchGenerator } from '../common/random/index.js';
import { checkShape } from '../common/settings/index.js';
import { float32, formatDims, type Tensor } from '../common/tensor/index.js';
import {
  describeJoint,
  type JointDescription,
  type JointPair,
  type PredictorAdaptation,
  resolveShapes,
} from './model/index.js';

const FLOAT_BYTES = 4;

/** A job on a predictor of several latents, as one of packed latents. */
interface JointJob {
  readonly adaptation: PredictorAdaptation;
  /** Packed, float32 [batch, values]. */
  readonly latents: Tensor;
  /** What is left of the inputs. */
  readonly conditioning: Readonly<Record<string, Tensor>>;
  /** Elements of each draw of initial latents. */
  readonly drawn: readonly number[];
  /** Values of a row that are each latents'. */
  readonly sizes: readonly number[];
  /** The latents by the graph's names, of packed ones. */
  readonly unpack: (packed: Tensor) => Record<string, Tensor>;
}

interface JointOptions {
  readonly modelPath: string;
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** Which outputs predict which latents; found where none is given. */
  readonly pairs: readonly JointPair[];
  readonly seed: bigint;
  /** What latents that are drawn are scaled for. */
  readonly sampler: { readonly initNoiseSigma: number; readonly config: Readonly<Record<string, unknown>> };
}

/**
 * Several latents (joint sound and video) packed into one job: each has its own values in one sampler, which works value by value, and the graph
 * is changed to take and give them packed. Latents that are left out are drawn from the seed, one torch.randn each, in the order of the graph's inputs.
 * Undefined where the model has one.
 *
 * @throws AsyncDiffError `invalid_input`, `invalid_settings`, `model_unsupported`
 */
export function jointJob({ modelPath, inputs, pairs, seed, sampler }: JointOptions): JointJob | undefined {
  const description = describeJoint(loadModelFile(modelPath).model, pairs);
  if (description === undefined) return undefined;
  if (sampler.config['thresholding'] === true)
    throw new AsyncDiffError(
      'invalid_settings',
      'the scheduler config has thresholding, which scales each picture as a whole: not with several latents',
    );
  const { parts: declared, timestep, timesteps } = description;
  if (timestep === undefined)
    throw new AsyncDiffError(
      'model_unsupported',
      'cannot tell the timestep of the model: none of its inputs is one',
    );
  const names = new Set(declared.map(({ input }) => input.name));
  const given = Object.entries(inputs).filter(([name]) => names.has(name));
  const batch = given[0]?.[1].dims[0] ?? fixedBatch(declared.map(({ input }) => input.dims[0]));
  checkGiven(description, inputs, batch);
  const generator = new TorchGenerator(seed);
  const drawn: number[] = [];
  const tensors = declared.map(({ input }): Tensor => {
    const own = inputs[input.name];
    if (own !== undefined) return own;
    const dims = input.dims.slice(1);
    if (!dims.every((dim) => typeof dim === 'number'))
      throw new AsyncDiffError(
        'invalid_input',
        `the latents ${input.name} are missing, and their shape is open: ${formatDims(input.dims)}`,
        { hint: `Give them as --input ${input.name}=FILE.npy.` },
      );
    checkShape([batch, ...dims], FLOAT_BYTES, `the latents ${input.name}`);
    const noise = generator.randn([batch, ...dims]);
    drawn.push(noise.data.length);
    const data = (noise.data as Float32Array).map((value) => value * sampler.initNoiseSigma);
    return float32(data, noise.dims);
  });
  const parts = declared.map(({ input, output }, at) => ({
    input: input.name,
    output,
    dims: (tensors[at] as Tensor).dims.slice(1),
  }));
  const others = timesteps.filter(
    ({ name, dtype, dims }) =>
      name !== timestep.name &&
      inputs[name] === undefined &&
      dtype === timestep.dtype &&
      dims.length === timestep.dims.length,
  );
  const sizes = parts.map(({ dims }) => dims.reduce((product, dim) => product * dim, 1));
  return {
    adaptation: {
      joint: { parts, timestep: timestep.name, timesteps: others.map(({ name }) => name) },
    },
    latents: pack(tensors, sizes, batch),
    conditioning: Object.fromEntries(Object.entries(inputs).filter(([name]) => !names.has(name))),
    drawn,
    sizes,
    unpack: (packed) =>
      Object.fromEntries(
        parts.map(({ input, dims }, at) => [input, float32(rowsOf(packed, sizes, at), [batch, ...dims])]),
      ),
  };
}

function fixedBatch(dims: readonly (number | string | undefined)[]): number {
  return dims.find((dim): dim is number => typeof dim === 'number') ?? 1;
}

/** Every dimension of what was given against the model, and against each other where it has them of one size. */
function checkGiven(
  { inputs, parts }: JointDescription,
  given: Readonly<Record<string, Tensor>>,
  batch: number,
): void {
  const latents = new Set(parts.map(({ input }) => input.name));
  const there = inputs.filter(({ name }) => given[name] !== undefined);
  for (const { name } of there.filter((input) => latents.has(input.name))) {
    const { dtype, dims, data } = given[name] as Tensor;
    if (dtype === 'float32' && !(data as Float32Array).every(Number.isFinite))
      throw new AsyncDiffError('invalid_input', `the latents ${name} hold NaN or infinity`);
    if (dtype !== 'float32' || dims[0] !== batch)
      throw new AsyncDiffError(
        'invalid_input',
        `the latents ${name} are ${dtype} ${formatDims(dims)}: all latents are float32, of one batch (here ${batch})`,
      );
  }
  // The batch of conditioning is another one under guidance.
  const declared = there.map((input) =>
    latents.has(input.name) ? { ...input, dims: [batch, ...input.dims.slice(1)] } : input,
  );
  resolveShapes(
    { inputs: declared, sample: undefined, timestep: undefined },
    Object.fromEntries(declared.map(({ name }) => [name, (given[name] as Tensor).dims])),
  );
}

/** Rows of all latents side by side. */
function pack(tensors: readonly Tensor[], sizes: readonly number[], batch: number): Tensor {
  const width = sizes.reduce((sum, size) => sum + size, 0);
  const data = new Float32Array(batch * width);
  let first = 0;
  for (const [at, tensor] of tensors.entries()) {
    const size = sizes[at] as number;
    for (let row = 0; row < batch; row++)
      data.set((tensor.data as Float32Array).subarray(row * size, (row + 1) * size), row * width + first);
    first += size;
  }
  return float32(data, [batch, width]);
}

/** The rows of one of the latents. */
function rowsOf({ data, dims }: Tensor, sizes: readonly number[], at: number): Float32Array {
  const [batch = 1, width = 0] = dims;
  const size = sizes[at] as number;
  const first = sizes.slice(0, at).reduce((sum, one) => sum + one, 0);
  const rows = new Float32Array(batch * size);
  for (let row = 0; row < batch; row++)
    rows.set((data as Float32Array).subarray(row * width + first, row * width + first + size), row * size);
  return rows;
}
