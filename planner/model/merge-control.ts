import { dirname, relative, sep } from 'node:path';
import { AsyncDiffError } from '../../common/errors/index.js';
import {
  type GraphProto,
  int64,
  type ModelFile,
  type ModelProto,
  type NodeProto,
  subgraphs,
  visitTensors,
} from '../../common/model-file/index.js';

/** A second graph that runs before the predictor in every call, on inputs of the same names: a ControlNet. */
export interface ControlGraph {
  readonly modelPath: string;
  /** Inputs of the predictor by the output of the control graph that becomes them. */
  readonly outputs: Readonly<Record<string, string>>;
  /** Its inputs that are not the predictor's of the same name: they get names of their own ({@link controlInput}). */
  readonly own?: readonly string[] | undefined;
  /** Take effect only while the timestep lies between two further inputs, `control_first_timestep` and `control_last_timestep`. */
  readonly isTimed?: boolean | undefined;
}

export const CONTROL_FIRST = 'control_first_timestep';
export const CONTROL_LAST = 'control_last_timestep';
const SCALE = 'conditioning_scale';
const PREFIX = 'controlnet.';
const FLOAT = 1;

/** Name in the whole of an input that the control graph does not share with the predictor. */
export function controlInput(name: string): string {
  return `${PREFIX}${name}`;
}

/**
 * The control graph and the predictor as one model: what is then cut, placed and run is a predictor like any other. Inputs that both have are
 * shared; weights stay in the files where they are.
 * @throws AsyncDiffError `model_unsupported` where their operator sets differ
 */
export function mergeControl(file: ModelFile, control: ModelFile, graph: ControlGraph): ModelFile {
  const [own, other] = [file.model.graph ?? {}, control.model.graph ?? {}];
  checkOpsets(file.model, control.model);
  const folder = commonFolder(file.folder, control.folder);
  relocate(own, relative(folder, file.folder));
  relocate(other, relative(folder, control.folder));
  const names = renaming(other, own, graph);
  const timed = graph.isTimed === true ? timedScale(other, names) : [];
  const made = new Set(Object.values(graph.outputs));
  const ownInputs = (own.input ?? []).filter(({ name = '' }) => !made.has(name));
  const shared = new Set(ownInputs.map(({ name }) => name));
  const merged: GraphProto = {
    ...own,
    input: [
      ...ownInputs,
      ...(other.input ?? [])
        .map((input) => ({ ...input, name: names(input.name ?? '') }))
        .filter(({ name }) => !shared.has(name)),
      ...(timed.length === 0 ? [] : [CONTROL_FIRST, CONTROL_LAST].map(scalarInput)),
    ],
    initializer: [
      ...(own.initializer ?? []),
      ...(other.initializer ?? []).map((tensor) => ({ ...tensor, name: names(tensor.name ?? '') })),
    ],
    sparse_initializer: [...(own.sparse_initializer ?? []), ...(other.sparse_initializer ?? [])],
    node: [...timed, ...(other.node ?? []).map((node) => renamed(node, names)), ...(own.node ?? [])],
    value_info: [],
  };
  return {
    ...file,
    folder,
    parts: [...file.parts, ...control.parts],
    model: {
      ...file.model,
      graph: merged,
      functions: [...(file.model.functions ?? []), ...(control.model.functions ?? [])],
    },
  };
}

function checkOpsets(own: ModelProto, other: ModelProto): void {
  const text = ({ opset_import: sets }: ModelProto): string =>
    (sets ?? [])
      .map(({ domain = '', version }) => `${domain || 'ai.onnx'} ${int64(version)}`)
      .toSorted()
      .join(', ');
  const [mine, others] = [text(own), text(other)];
  if (mine.includes(others) || others.includes(mine)) return;
  throw new AsyncDiffError(
    'model_unsupported',
    `the predictor uses the operator sets ${mine}, the ControlNet ${others}`,
    { hint: 'Export both with the same --opset.' },
  );
}

function commonFolder(a: string, b: string): string {
  let folder = a;
  while (!`${b}${sep}`.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`))
    folder = dirname(folder);
  return folder;
}

/** Weights in files are named relative to another folder. */
function relocate(graph: GraphProto, below: string): void {
  if (below === '') return;
  const prefix = below.split(sep).join('/');
  visitTensors(graph, (tensor) => {
    if (tensor.data_location !== 1) return;
    tensor.external_data = (tensor.external_data ?? []).map((pair) =>
      pair.key === 'location' ? { key: 'location', value: `${prefix}/${pair.value ?? ''}` } : pair,
    );
  });
}

/** New names of the control graph's values: its inputs keep theirs, some outputs become the predictor's inputs, the rest gets a prefix. */
function renaming(
  other: GraphProto,
  own: GraphProto,
  { outputs, own: apart = [] }: ControlGraph,
): (name: string) => string {
  const weights = new Set((other.initializer ?? []).map(({ name }) => name));
  const inputs = new Set((other.input ?? []).map(({ name }) => name).filter((name) => !weights.has(name)));
  const ownNames = new Set((own.input ?? []).map(({ name }) => name));
  for (const name of Object.values(outputs))
    if (!ownNames.has(name))
      throw new AsyncDiffError('model_unsupported', `the predictor has no input ${name}`);
  return (name) => {
    if (name === '' || (inputs.has(name) && !apart.includes(name))) return name;
    return outputs[name] ?? `${PREFIX}${name}`;
  };
}

function renamed(node: NodeProto, names: (name: string) => string): NodeProto {
  for (const inner of subgraphs(node)) renameInside(inner, names);
  return {
    ...node,
    name: `${PREFIX}${node.name ?? ''}`,
    input: (node.input ?? []).map(names),
    output: (node.output ?? []).map(names),
  };
}

/** Everything that a branch names gets the same new names: what it captures has them already. */
function renameInside(graph: GraphProto, names: (name: string) => string): void {
  for (const value of [...(graph.input ?? []), ...(graph.output ?? [])]) value.name = names(value.name ?? '');
  for (const tensor of graph.initializer ?? []) tensor.name = names(tensor.name ?? '');
  graph.node = (graph.node ?? []).map((node) => renamed(node, names));
}

/** Nodes that make the scale 0 outside of the two timesteps; readers of the scale then read what they make. */
function timedScale(other: GraphProto, names: (name: string) => string): NodeProto[] {
  const at = (name: string): string => names(`asyncdiff.timed.${name}`);
  const node = (op: string, input: string[], output: string, to?: number): NodeProto => ({
    name: at(`${output}.node`),
    op_type: op,
    input,
    output: [at(output)],
    attribute: to === undefined ? [] : [{ name: 'to', type: 2, i: to }],
  });
  const keepdims = { name: 'keepdims', type: 2, i: 0 };
  for (const reader of other.node ?? [])
    reader.input = (reader.input ?? []).map((name) => (name === SCALE ? 'asyncdiff.timed.scale' : name));
  return [
    node('Cast', ['timestep'], 'float', FLOAT),
    { ...node('ReduceMax', [at('float')], 'now'), attribute: [keepdims] },
    node('LessOrEqual', [at('now'), CONTROL_FIRST], 'begun'),
    node('GreaterOrEqual', [at('now'), CONTROL_LAST], 'goes_on'),
    node('And', [at('begun'), at('goes_on')], 'acts'),
    node('Cast', [at('acts')], 'share', FLOAT),
    node('Mul', [SCALE, at('share')], 'scale'),
  ];
}

function scalarInput(name: string) {
  return { name, type: { tensor_type: { elem_type: FLOAT, shape: { dim: [] } } } };
}
