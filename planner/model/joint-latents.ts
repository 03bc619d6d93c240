import { AsyncDiffError } from '../../common/errors/index.js';
import type { GraphProto, NodeProto, TensorProto } from '../../common/model-file/index.js';

/** Several latents as one: what a predictor of joint sound and video takes and gives, packed along the second axis. */
export interface JointLatents {
  /** In the graph's order, which is that of the packed values. */
  readonly parts: readonly JointPart[];
  /** Further timestep inputs, which are fed as the first is. */
  readonly timesteps: readonly string[];
  /** The timestep that they are fed as. */
  readonly timestep: string;
}

/** One of several latents. */
interface JointPart {
  readonly input: string;
  /** Its prediction. */
  readonly output: string;
  /** Without the batch. */
  readonly dims: readonly number[];
}

/** Names of what is packed; no graph that PyTorch exports has them. */
export const JOINT_LATENTS = 'asyncdiff.latents';
export const JOINT_PREDICTION = 'asyncdiff.prediction';

const INT64 = 7;

/**
 * Changes a predictor of several latents, in place, into one of packed latents [batch, values]: sliced and shaped where the graph reads them,
 * flattened and joined where it has predicted them. No number is computed.
 * @throws AsyncDiffError `model_unsupported` where they are not all of one element type
 */
export function packLatents(graph: GraphProto, { parts, timesteps, timestep }: JointLatents): void {
  const inputs = graph.input ?? [];
  const types = new Set(
    parts.map(({ input }) => inputs.find(({ name }) => name === input)?.type?.tensor_type?.elem_type),
  );
  const [type] = types;
  if (types.size !== 1 || type === undefined)
    throw new AsyncDiffError(
      'model_unsupported',
      `the latents ${parts.map(({ input }) => input).join(', ')} are not all inputs of one element type`,
    );
  const nodes = graph.node ?? [];
  const constants: TensorProto[] = [];
  const ints = (name: string, values: readonly number[]): string => {
    const own = `${JOINT_LATENTS}/${name}`;
    constants.push({ name: own, dims: [values.length], data_type: INT64, int64_data: [...values] });
    return own;
  };
  const axis = ints('axis', [1]);
  const before: NodeProto[] = [];
  const after: NodeProto[] = [];
  let first = 0;
  for (const { input, output, dims } of parts) {
    const end = first + dims.reduce((product, dim) => product * dim, 1);
    const flat = `${JOINT_LATENTS}/${input}`;
    before.push(
      node(
        'Slice',
        [JOINT_LATENTS, ints(`${input}.first`, [first]), ints(`${input}.end`, [end]), axis],
        flat,
      ),
      node('Reshape', [flat, ints(`${input}.shape`, [0, ...dims])], input),
    );
    after.push(node('Reshape', [output, ints(`${output}.flat`, [0, -1])], `${JOINT_PREDICTION}/${output}`));
    first = end;
  }
  after.push({
    ...node(
      'Concat',
      parts.map(({ output }) => `${JOINT_PREDICTION}/${output}`),
      JOINT_PREDICTION,
    ),
    attribute: [{ name: 'axis', type: 2, i: 1 }],
  });
  before.push(...timesteps.map((one) => node('Identity', [timestep], one)));
  const gone = new Set([...parts.map(({ input }) => input), ...timesteps]);
  const batch = inputs.find(({ name }) => name === parts[0]?.input)?.type?.tensor_type?.shape?.dim?.[0] ?? {};
  const packed = (name: string) => ({
    name,
    type: { tensor_type: { elem_type: type, shape: { dim: [batch, { dim_value: first }] } } },
  });
  graph.input = [packed(JOINT_LATENTS), ...inputs.filter(({ name }) => !gone.has(name ?? ''))];
  graph.output = [packed(JOINT_PREDICTION)];
  graph.initializer = [...(graph.initializer ?? []), ...constants];
  graph.node = [...before, ...nodes, ...after];
}

function node(opType: string, input: string[], output: string): NodeProto {
  return { name: `asyncdiff.${opType}.${output}`, op_type: opType, input, output: [output] };
}
