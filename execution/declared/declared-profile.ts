import { z } from 'zod';
import { AsyncDiffError } from '../../common/errors/index.js';
import { DTYPES, type DType, formatDims, tensorBytes } from '../../common/tensor/index.js';

export const PROFILE_SCHEMA = 'asyncdiff.profile/1';

/** Node costs are rounded, so their sum may miss `step_ms` by this part of it. */
const STEP_TOLERANCE = 0.005;

const name = z.string().min(1);
const graphValue = z.strictObject({
  name,
  dtype: z.enum(DTYPES as [DType, ...DType[]]),
  dims: z.array(z.int().positive()),
  bytes: z.int().nonnegative(),
});
const graphNode = z.strictObject({
  name,
  opType: name,
  inputs: z.array(name),
  outputs: z.array(name).min(1),
  weights: z.array(name),
  costMs: z.number().nonnegative(),
  /** Its time at batch 1: what one of `batch` micro-batches takes. */
  batchOneMs: z.number().nonnegative().optional(),
});

const profileSchema = z.strictObject({
  schema: z.literal(PROFILE_SCHEMA),
  /** Short name, e.g. `a5000-sd21`. */
  name,
  /** What the predictor is, e.g. its hub id. */
  model: name,
  /** The GPU that is stood in for. */
  device: name,
  /** Where the whole-model time comes from. */
  source: name,
  /** How node times were derived from it. */
  derivation: name,
  /** Element type of the activations. */
  dtype: z.enum(DTYPES as [DType, ...DType[]]),
  /** Batch of the predictor; 2 with classifier-free guidance. */
  batch: z.int().positive(),
  /** Image size, pixels. */
  height: z.int().positive(),
  width: z.int().positive(),
  /** Time of one run of the whole predictor, milliseconds. */
  step_ms: z.number().positive(),
  /** Workers take declared times multiplied by this; reports divide by it. */
  time_dilation: z.number().positive().default(1),
  graph: z.strictObject({
    sampleInput: name,
    timestepInput: name,
    output: name,
    inputs: z.array(graphValue).min(2),
    nodes: z.array(graphNode).min(1),
    values: z.array(graphValue).min(3),
    weightBytes: z.record(name, z.int().nonnegative()),
  }),
});

/** A declared device: a predictor's graph with the times that a known GPU takes for it. Keys are those of the file. */
export type DeclaredProfile = z.infer<typeof profileSchema>;

/** What a profile says besides its graph. */
export type ProfileHeader = Omit<DeclaredProfile, 'schema' | 'graph'>;

/**
 * Checks a parsed profile file: its schema, and that the graph holds together. `origin` names the file in errors.
 * @throws AsyncDiffError file_unreadable, with the path of the first field at fault
 */
export function parseProfile(data: unknown, origin: string): DeclaredProfile {
  const result = profileSchema.safeParse(data);
  if (!result.success) {
    const [issue] = result.error.issues;
    const path = issue?.path.join('.') || 'the document';
    throw invalid(origin, `${path}: ${issue?.message ?? 'does not match the schema'}`);
  }
  const fault = graphFault(result.data);
  if (fault !== undefined) throw invalid(origin, fault);
  return result.data;
}

function invalid(origin: string, text: string): AsyncDiffError {
  return new AsyncDiffError('file_unreadable', `${origin} is not a device profile: ${text}`, {
    hint: `A profile is JSON of schema ${PROFILE_SCHEMA}; make one with \`npm run profile -- --help\`.`,
  });
}

/** The first way in which the graph does not hold together, or undefined. */
function graphFault({ graph, step_ms: stepMs }: DeclaredProfile): string | undefined {
  const values = new Map(graph.values.map((value) => [value.name, value]));
  if (values.size !== graph.values.length) return 'graph.values: two values have the same name';
  for (const value of [...graph.values, ...graph.inputs]) {
    if (value.bytes !== tensorBytes(value.dtype, value.dims)) {
      return `graph.values: ${value.name} has ${value.bytes} bytes, but ${value.dtype} ${formatDims(value.dims)} takes ${tensorBytes(value.dtype, value.dims)}`;
    }
  }
  const defined = new Set<string>();
  for (const { name } of graph.inputs) {
    if (!values.has(name)) return `graph.inputs: ${name} is not in graph.values`;
    defined.add(name);
  }
  for (const node of graph.nodes) {
    for (const input of node.inputs) {
      if (!defined.has(input)) return `graph.nodes: ${node.name} reads ${input} before it exists`;
    }
    for (const output of node.outputs) {
      if (!values.has(output)) return `graph.nodes: ${node.name} makes ${output}, not in graph.values`;
      if (defined.has(output)) return `graph.nodes: ${output} is made twice`;
      defined.add(output);
    }
    const weight = node.weights.find((weight) => graph.weightBytes[weight] === undefined);
    if (weight !== undefined)
      return `graph.nodes: ${node.name} reads weight ${weight}, not in graph.weightBytes`;
  }
  const inputs = new Set(graph.inputs.map(({ name }) => name));
  for (const input of [graph.sampleInput, graph.timestepInput]) {
    if (!inputs.has(input)) return `graph.inputs: ${input} is missing`;
  }
  if (!defined.has(graph.output) || inputs.has(graph.output)) {
    return `graph.output: no node makes ${graph.output}`;
  }
  const sum = graph.nodes.reduce((total, node) => total + node.costMs, 0);
  if (Math.abs(sum - stepMs) > STEP_TOLERANCE * stepMs) {
    return `step_ms: ${stepMs}, but the nodes take ${sum.toFixed(2)} ms together`;
  }
  return undefined;
}

/** The file's text: one line per node and value, so that a change can be read as a diff. */
export function formatProfile({ graph, ...header }: DeclaredProfile): string {
  const lines = (items: readonly unknown[]): string =>
    `[\n${items.map((item) => JSON.stringify(item)).join(',\n')}\n]`;
  const { inputs, nodes, values, weightBytes, ...names } = graph;
  const weights = Object.entries(weightBytes).map(
    ([key, bytes]) => `${JSON.stringify(key)}:${JSON.stringify(bytes)}`,
  );
  const graphFields = [
    ...Object.entries(names).map(([key, value]) => `"${key}":${JSON.stringify(value)}`),
    `"inputs":${lines(inputs)}`,
    `"nodes":${lines(nodes)}`,
    `"values":${lines(values)}`,
    `"weightBytes":{\n${weights.join(',\n')}\n}`,
  ];
  const head = Object.entries(header).map(([key, value]) => `"${key}":${JSON.stringify(value)}`);
  return `{\n${head.join(',\n')},\n"graph":{\n${graphFields.join(',\n')}\n}}\n`;
}
