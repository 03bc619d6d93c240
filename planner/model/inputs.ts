import { AsyncDiffError } from '../../common/errors/index.js';
import { type DType, formatDims } from '../../common/tensor/index.js';
import { JOINT_LATENTS, JOINT_PREDICTION } from './joint-latents.js';
import { dtypeOf, isFloat } from '../../common/model-file/index.js';
import {
  type GraphProto,
  int64,
  type ModelProto,
  type ValueInfoProto,
} from '../../common/model-file/index.js';

/** An input or output as the model declares it. A dimension that is open is its symbol's name, or '?' if it has none. */
export interface DeclaredValue {
  readonly name: string;
  readonly dtype: DType;
  readonly dims: readonly (number | string)[];
}

/** What a noise predictor's inputs and outputs are for. */
export interface PredictorDescription {
  readonly inputs: readonly DeclaredValue[];
  readonly outputs: readonly DeclaredValue[];
  /** The latent input. */
  readonly sample: DeclaredValue;
  readonly timestep: DeclaredValue;
  /** Every other input, in the model's order. */
  readonly conditioning: readonly DeclaredValue[];
  /** The noise prediction. */
  readonly output: DeclaredValue;
  /** Version of the default operator set. */
  readonly opset: number;
}

const SAMPLE_NAMES = [JOINT_LATENTS, 'sample', 'hidden_states', 'latent_model_input', 'latents', 'x'];
const TIMESTEP_NAMES = ['timestep', 't', 'timesteps', 'time_step', 'time'];
const OUTPUT_NAMES = [JOINT_PREDICTION, 'out_sample', 'sample_out', 'noise_pred', 'output'];
const TIMESTEP_TYPES: readonly DType[] = ['int64', 'int32', 'float32', 'float16', 'float64'];

/** Graph inputs that a caller gives: initializers that are listed as inputs too (IR version 3) are weights. */
function realInputs(graph: GraphProto): ValueInfoProto[] {
  const weights = new Set((graph.initializer ?? []).map((tensor) => tensor.name));
  return (graph.input ?? []).filter((input) => !weights.has(input.name));
}

/** Inputs (without weights that are listed as inputs) and outputs of a model. Throws `model_unsupported` for values that are no tensors. */
export function declaredValues(model: ModelProto): Pick<PredictorDescription, 'inputs' | 'outputs'> {
  const graph = model.graph ?? {};
  return { inputs: realInputs(graph).map(declaredValue), outputs: (graph.output ?? []).map(declaredValue) };
}

/**
 * Finds the latent input, the timestep, the conditioning and the noise prediction: by name first, then by type and shape
 * (docs/reference/models.md).
 *
 * @throws AsyncDiffError `model_unsupported` if one of them cannot be told.
 */
export function describePredictor(model: ModelProto): PredictorDescription {
  const { inputs, outputs } = declaredValues(model);
  const latentLike = (value: DeclaredValue): boolean => isFloat(value.dtype) && value.dims.length >= 2;

  const candidates = inputs.filter(
    (input) => latentLike(input) && outputs.some((output) => alike(input, output)),
  );
  const sample = byName(inputs, SAMPLE_NAMES, latentLike) ?? only(candidates);
  if (sample === undefined && areJoint(candidates, outputs))
    throw new AsyncDiffError(
      'model_unsupported',
      `the model has several latents (${candidates.map(({ name }) => name).join(', ')}), each with an output of its own: only denoise takes them`,
      { hint: 'See docs/reference/models.md, "Several latents".' },
    );
  if (!sample) throw notFound('the latent input', SAMPLE_NAMES, 'input', inputs);

  const isTimestep = (value: DeclaredValue): boolean =>
    value !== sample && value.dims.length <= 1 && TIMESTEP_TYPES.includes(value.dtype);
  const timestep = byName(inputs, TIMESTEP_NAMES, isTimestep) ?? only(inputs.filter(isTimestep));
  if (!timestep) throw notFound('the timestep (rank 0 or 1)', TIMESTEP_NAMES, 'input', inputs);

  const isOutput = (value: DeclaredValue): boolean => isFloat(value.dtype) && alike(value, sample);
  const output = byName(outputs, OUTPUT_NAMES, isOutput) ?? outputs.find(isOutput);
  if (!output) throw notFound('the noise prediction, shaped as the latents', OUTPUT_NAMES, 'output', outputs);

  const conditioning = inputs.filter((input) => input !== sample && input !== timestep);
  return { inputs, outputs, sample, timestep, conditioning, output, opset: opsetOf(model) };
}

/** Version of the default operator set. */
export function opsetOf(model: ModelProto): number {
  return int64((model.opset_import ?? []).find((set) => (set.domain ?? '') === '')?.version);
}

function declaredValue(value: ValueInfoProto): DeclaredValue {
  const name = value.name ?? '';
  const type = value.type?.tensor_type;
  const dtype = dtypeOf(type?.elem_type);
  if (!type || dtype === undefined) {
    throw new AsyncDiffError('model_unsupported', `${name} is not a tensor of a supported element type`);
  }
  const dims = (type.shape?.dim ?? []).map((dim) =>
    dim.dim_value !== undefined && dim.dim_value !== null && Object.hasOwn(dim, 'dim_value')
      ? int64(dim.dim_value)
      : dim.dim_param || '?',
  );
  return { name, dtype, dims };
}

function byName(
  values: readonly DeclaredValue[],
  names: readonly string[],
  fits: (value: DeclaredValue) => boolean,
): DeclaredValue | undefined {
  for (const name of names) {
    const value = values.find((candidate) => candidate.name === name && fits(candidate));
    if (value) return value;
  }
  return undefined;
}

/** Whether each of several inputs has an output to itself: joint sound and video. */
function areJoint(candidates: readonly DeclaredValue[], outputs: readonly DeclaredValue[]): boolean {
  const partners = candidates.map((input) => outputs.filter((output) => alike(input, output)));
  return candidates.length > 1 && new Set(partners.flat()).size >= candidates.length;
}

function only<T>(values: readonly T[]): T | undefined {
  return values.length === 1 ? values[0] : undefined;
}

/** Same rank, and no two fixed dimensions differ. An exporter may leave an output's shape open altogether. */
function alike(a: DeclaredValue, b: DeclaredValue): boolean {
  if (a.dims.length === 0 || b.dims.length === 0) return true;
  return (
    a.dims.length === b.dims.length &&
    a.dims.every(
      (dim, axis) => typeof dim === 'string' || typeof b.dims[axis] === 'string' || dim === b.dims[axis],
    )
  );
}

/**
 * Which inputs are latents, and which output predicts each: as asked for, or found where there are several, none has a usual name, and each has
 * an output to itself. Undefined where there is one.
 * @throws AsyncDiffError `invalid_input` for names that the model does not have, `model_unsupported` where outputs cannot be told apart
 */
export function describeJoint(model: ModelProto, asked: readonly JointPair[]): JointDescription | undefined {
  const { inputs, outputs } = declaredValues(model);
  const isLatents = ({ dtype, dims }: DeclaredValue): boolean => isFloat(dtype) && dims.length >= 2;
  const pairs = asked.length > 0 ? asked : foundPairs(inputs.filter(isLatents), outputs);
  if (pairs === undefined) return undefined;
  const named = (values: readonly DeclaredValue[], name: string, kind: string): DeclaredValue => {
    const value = values.find((one) => one.name === name);
    if (value !== undefined) return value;
    throw new AsyncDiffError(
      'invalid_input',
      `the model has no ${kind} ${name}; it has ${values.map((one) => one.name).join(', ')}`,
    );
  };
  const outputOf = new Map(pairs.map(({ input, output }) => [named(inputs, input, 'input').name, output]));
  for (const { output } of pairs) named(outputs, output, 'output');
  const timesteps = inputs.filter(({ dims, dtype }) => dims.length <= 1 && TIMESTEP_TYPES.includes(dtype));
  return {
    inputs,
    parts: inputs.flatMap((input) => {
      const output = outputOf.get(input.name);
      return output === undefined ? [] : [{ input, output }];
    }),
    timestep: byName(timesteps, TIMESTEP_NAMES, () => true) ?? timesteps[0],
    timesteps: timesteps.filter(({ name }) => /timestep/.test(name)),
  };
}

/** An input that is latents, and the output that predicts it. */
export interface JointPair {
  readonly input: string;
  readonly output: string;
}

/** Several latents as the model declares them. */
export interface JointDescription {
  /** All of the model's. */
  readonly inputs: readonly DeclaredValue[];
  /** In the model's order. */
  readonly parts: readonly { readonly input: DeclaredValue; readonly output: string }[];
  readonly timestep: DeclaredValue | undefined;
  /** All inputs that are timesteps by their names. */
  readonly timesteps: readonly DeclaredValue[];
}

function foundPairs(
  latentLike: readonly DeclaredValue[],
  outputs: readonly DeclaredValue[],
): JointPair[] | undefined {
  if (byName(latentLike, SAMPLE_NAMES, () => true) !== undefined) return undefined;
  const candidates = latentLike.filter((input) => outputs.some((output) => alike(input, output)));
  if (!areJoint(candidates, outputs)) return undefined;
  const taken = new Set<string>();
  return candidates.map(({ name, ...input }) => {
    const free = outputs.filter((output) => alike({ name, ...input }, output) && !taken.has(output.name));
    const output = only(free) ?? only(free.filter((one) => one.name.includes(name)));
    if (output === undefined)
      throw new AsyncDiffError(
        'model_unsupported',
        `cannot tell which of ${free.map((one) => one.name).join(', ')} predicts the latents ${name}`,
        { hint: 'Say it with --joint INPUT=OUTPUT for each of the latents.' },
      );
    taken.add(output.name);
    return { input: name, output: output.name };
  });
}

function notFound(
  what: string,
  names: readonly string[],
  kind: 'input' | 'output',
  values: readonly DeclaredValue[],
): AsyncDiffError {
  const have = values.map((value) => `${value.name} ${value.dtype}${formatDims(value.dims)}`).join(', ');
  return new AsyncDiffError(
    'model_unsupported',
    `cannot tell ${what} of the model: no ${kind} is called ${names.slice(0, 2).join(' or ')}, and none stands out. It has: ${have || 'none'}`,
  );
}
