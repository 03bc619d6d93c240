import type { GraphProto, NodeProto } from '../../common/model-file/index.js';

/** Begins the names of values that an adaptation makes. */
export const ADAPT_PREFIX = 'asyncdiff.';

/** Puts nodes behind the model's first output, which keeps its name. */
export function addAtOutput(
  graph: GraphProto,
  suffix: string,
  make: (input: string, output: string) => NodeProto[],
): void {
  const output = graph.output?.[0]?.name ?? '';
  const raw = `${ADAPT_PREFIX}${suffix}.${output}`;
  for (const one of graph.node ?? []) {
    renameReads(one, output, raw);
    one.output = (one.output ?? []).map((name) => (name === output ? raw : name));
  }
  graph.node = [...(graph.node ?? []), ...make(raw, output)];
}

/** The same inside of branches. */
export function renameReads(reader: NodeProto, from: string, to: string): void {
  reader.input = (reader.input ?? []).map((name) => (name === from ? to : name));
  for (const attribute of reader.attribute ?? [])
    for (const inner of [...(attribute.g ? [attribute.g] : []), ...(attribute.graphs ?? [])])
      for (const one of inner.node ?? []) renameReads(one, from, to);
}

/** A node of an adaptation, named for what it makes. */
export function adaptNode(opType: string, input: string[], output: string): NodeProto {
  return {
    name: output === '' ? '' : `${ADAPT_PREFIX}${opType}.${output}`,
    op_type: opType,
    input,
    output: [output],
  };
}
