import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AttributeProto, NodeProto, TensorProto } from '../../../common/model-file/index.js';
import { prepareModel, profileInputs } from '../../../planner/model/index.js';
import { integers, node, predictor, scalar, value, weight, writeModel } from '../../support/onnx-builder.js';
import { bits, exportAll, runModel, runSegments } from '../../support/run-segments.js';
import { cutAt, latentNodes } from '../../support/simple-partition.js';
import { tempFolder } from '../../support/temp-folder.js';

/** What a stretch of a graph does with the latents: a node, or an `If` around two stretches. */
type Step =
  | 'Conv'
  | 'Sigmoid'
  | { readonly on: Condition; readonly yes: readonly Step[]; readonly no: readonly Step[] };
/** `rows`: one row, from the shape; `root`: the same in float32; `late`: the timestep. */
type Condition = 'rows' | 'root' | 'late';

const plain = fc.constantFrom<Step>('Conv', 'Sigmoid');
/** An `If` that data decide stays whole, with all that is in it: one that shapes decide does not lie inside here (docs/reference/models.md). */
const late = fc.record({
  on: fc.constant<Condition>('late'),
  yes: fc.array(plain, { maxLength: 3 }),
  no: fc.array(plain, { maxLength: 3 }),
});
const { stretch } = fc.letrec<{ stretch: Step[]; step: Step }>((tie) => ({
  stretch: fc.array(tie('step'), { maxLength: 3, depthIdentifier: 'branches' }),
  step: fc.oneof(
    { depthIdentifier: 'branches', maxDepth: 2 },
    plain,
    late,
    fc.record({
      on: fc.constantFrom<Condition>('rows', 'root'),
      yes: tie('stretch'),
      no: tie('stretch'),
    }),
  ),
}));

/** Nodes of a stretch; inside branches names begin anew, as siblings may. */
function nodesOf(steps: readonly Step[], start: string, prefix: string): { nodes: NodeProto[]; end: string } {
  const nodes: NodeProto[] = [];
  let end = start;
  steps.forEach((step, index) => {
    const next = `${prefix}${index}`;
    if (step === 'Conv') nodes.push(node('Conv', [end, 'w'], [next], { pads: [1, 1, 1, 1] }));
    else if (step === 'Sigmoid') nodes.push(node('Sigmoid', [end], [next]));
    else nodes.push(...condition(step.on, end, next), choice(step, end, next));
    end = next;
  });
  return { nodes, end };
}

function condition(on: Condition, latents: string, name: string): NodeProto[] {
  if (on === 'late')
    return [
      node('Greater', ['time_float', 'limit'], [`${name}_late`]),
      node('Squeeze', [`${name}_late`, 'axis_0'], [`${name}_is`]),
    ];
  const rows = [
    node('Shape', [latents], [`${name}_shape`]),
    node('Gather', [`${name}_shape`, 'first'], [`${name}_rows`]),
  ];
  if (on === 'rows') return [...rows, node('Equal', [`${name}_rows`, 'one_row'], [`${name}_is`])];
  return [
    ...rows,
    node('Cast', [`${name}_rows`], [`${name}_float`], { to: 1 }),
    node('Sqrt', [`${name}_float`], [`${name}_root`]),
    node('Less', [`${name}_root`, 'some'], [`${name}_is`]),
  ];
}

/** An `If` whose yes, where it asks for one row, squeezes the rows away: no other number of rows fits. */
function choice(step: Exclude<Step, string>, latents: string, name: string): NodeProto {
  const branch = (own: string, steps: readonly Step[], isOneRow: boolean): AttributeProto => {
    const squeezed = isOneRow
      ? [
          node('Squeeze', [latents, 'axis_0'], [`${own}_flat`]),
          node('Unsqueeze', [`${own}_flat`, 'axis_0'], [`${own}_again`]),
        ]
      : [];
    // Both branches have a value `inner0`, as has every other If's.
    const { nodes, end } = nodesOf(steps, isOneRow ? `${own}_again` : latents, `${name}_inner`);
    // ONNX Runtime would put a Conv and the Mul after it into one, in a branch at other places than outside of it.
    const last = node('Sigmoid', [end], [`${name}_${own}_last`]);
    const out = node('Mul', [`${name}_${own}_last`, `${name}_${own}_factor`], [`${name}_${own}_out`]);
    return {
      type: 5,
      g: {
        name: own,
        node: [...squeezed, ...nodes, last, out],
        initializer: [scalar(`${name}_${own}_factor`, isOneRow ? 1.25 : 0.75)],
        output: [value(`${name}_${own}_out`, ['batch', 4, 8, 8])],
      },
    };
  };
  return node('If', [`${name}_is`], [name], {
    then_branch: branch(`${name}_yes`, step.yes, step.on !== 'late'),
    else_branch: branch(`${name}_no`, step.no, false),
  });
}

const constants: TensorProto[] = [
  weight('w', [4, 4, 3, 3]),
  scalar('limit', 400),
  scalar('some', 1.2),
  integers('axis_0', [0]),
  { ...integers('first', [0]), dims: [] },
  { ...integers('one_row', [1]), dims: [] },
];

async function checkBits(steps: readonly Step[], rows: number): Promise<string[]> {
  const { nodes, end } = nodesOf(steps, 'mixed', 'v');
  const model = predictor(
    [
      node('Add', ['sample', 'time'], ['timed']),
      node('Mul', ['timed', 'context'], ['mixed']),
      ...nodes,
      node('Conv', [end, 'w'], ['out_sample'], { pads: [1, 1, 1, 1] }),
    ],
    constants,
  );
  const modelPath = writeModel(model, tempFolder());
  const inputShapes = { sample: [rows, 4, 8, 8] };
  const prepared = await prepareModel({ modelPath, inputShapes, workDir: tempFolder() });
  const { graph } = prepared;
  const feeds = profileInputs(graph.inputs, graph.timestepInput);
  const whole = await runModel(modelPath, feeds, 'extended');
  const segments = await exportAll(prepared, cutAt(graph, latentNodes(graph).slice(0, 1)), tempFolder());
  const pieces = await runSegments(segments, feeds, 'extended');
  expect(bits(pieces['out_sample']).equals(bits(whole['out_sample']))).toBe(true);
  return graph.nodes.map(({ opType }) => opType);
}

describe('branches that the shapes decide', () => {
  it('are taken before ONNX Runtime sees static shapes that the other does not fit', async () => {
    const step: Step = { on: 'rows', yes: ['Sigmoid'], no: ['Conv'] };
    expect(await checkBits([step], 2)).not.toContain('If');
    expect(await checkBits([step], 1)).toContain('Sigmoid');
  });

  it('are found behind a branch that the data decides, and in a branch', async () => {
    const inner: Step = { on: 'root', yes: [], no: ['Sigmoid'] };
    const operators = await checkBits(
      [
        { on: 'late', yes: ['Conv'], no: [] },
        { on: 'rows', yes: [], no: [inner, 'Conv', inner] },
      ],
      2,
    );
    expect(operators.filter((type) => type === 'If')).toHaveLength(1);
  });

  it('give the bits of the untouched model, whatever is nested', async () => {
    await fc.assert(
      fc.asyncProperty(stretch, fc.integer({ min: 1, max: 3 }), async (steps, rows) => {
        await checkBits(steps, rows);
      }),
      { numRuns: 25 },
    );
  });
});
