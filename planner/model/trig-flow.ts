import { AsyncDiffError } from '../../common/errors/index.js';
import type { GraphProto, NodeProto, TensorProto } from '../../common/model-file/index.js';
import { ADAPT_PREFIX, addAtOutput, renameReads } from './adapt-graph.js';

/**
 * A predictor of flow that is sampled by angles (Lu and Song 2024; diffusers' SanaSprintPipeline): latents and prediction are changed over around it. Its
 * timestep is s, the share of the way from data to noise.
 */
export interface TrigFlow {
  /** The model's latent input. */
  readonly latents: string;
  /** Deviation of the data. */
  readonly sigmaData: number;
}

const FLOAT = 1;
const INT64 = 7;
const at = (name: string): string => `${ADAPT_PREFIX}trig.${name}`;

/**
 * With r = sqrt(s^2 + (1 - s)^2) the model reads x = latents / sigma_data * r, and what comes out is ((1 - 2s) x + (1 - 2s + 2s^2) prediction) / r * sigma_data; in
 * float32, whatever the model's own type.
 * @throws AsyncDiffError `model_unsupported` where the model has no such input, or no timestep
 */
export function predictTrigFlow(graph: GraphProto, { latents, sigmaData }: TrigFlow): void {
  const typeOf = (name: string): number | undefined =>
    graph.input?.find((input) => input.name === name)?.type?.tensor_type?.elem_type;
  const type = typeOf(latents);
  if (type === undefined || typeOf('timestep') === undefined)
    throw new AsyncDiffError('model_unsupported', `the model has no inputs ${latents} and timestep`);
  const outType = graph.output?.[0]?.type?.tensor_type?.elem_type ?? type;
  const scalar = (name: string, value: number): TensorProto => ({
    name: at(name),
    dims: [],
    data_type: FLOAT,
    float_data: [value],
  });
  const node = (op: string, input: string[], output: string, to?: number): NodeProto => ({
    name: `${at(output)}.node`,
    op_type: op,
    input,
    output: [output.startsWith(ADAPT_PREFIX) ? output : at(output)],
    attribute: to === undefined ? [] : [{ name: 'to', type: 2, i: to }],
  });
  graph.initializer = [
    ...(graph.initializer ?? []),
    scalar('one', 1),
    scalar('two', 2),
    scalar('sigma', sigmaData),
    { name: at('shape'), dims: [4], data_type: INT64, int64_data: [-1, 1, 1, 1] },
  ];
  for (const reader of graph.node ?? []) renameReads(reader, latents, at('read'));
  const before = [
    node('Cast', ['timestep'], 'timestep', FLOAT),
    node('Reshape', [at('timestep'), at('shape')], 's'),
    node('Sub', [at('one'), at('s')], 'rest'),
    node('Mul', [at('s'), at('s')], 's_square'),
    node('Mul', [at('rest'), at('rest')], 'rest_square'),
    node('Add', [at('s_square'), at('rest_square')], 'square'),
    node('Sqrt', [at('square')], 'root'),
    node('Cast', [latents], 'latents', FLOAT),
    node('Div', [at('latents'), at('sigma')], 'unit'),
    node('Mul', [at('unit'), at('root')], 'x'),
    node('Cast', [at('x')], 'read', type),
  ];
  graph.node = [...before, ...(graph.node ?? [])];
  addAtOutput(graph, 'flow', (input, output) => [
    node('Cast', [input], 'flow', FLOAT),
    node('Mul', [at('two'), at('s')], 'two_s'),
    node('Sub', [at('one'), at('two_s')], 'of_x'),
    node('Mul', [at('two'), at('s_square')], 'two_s_square'),
    node('Add', [at('of_x'), at('two_s_square')], 'of_flow'),
    node('Mul', [at('of_x'), at('x')], 'x_part'),
    node('Mul', [at('of_flow'), at('flow')], 'flow_part'),
    node('Add', [at('x_part'), at('flow_part')], 'sum'),
    node('Div', [at('sum'), at('root')], 'velocity'),
    node('Mul', [at('velocity'), at('sigma')], 'scaled'),
    { ...node('Cast', [at('scaled')], 'out', outType), output: [output] },
  ]);
}
