import * as fc from 'fast-check';
import type { ModelProto, NodeProto, TensorProto } from '../../common/model-file/index.js';
import { halfWeight, integers, node, predictor, scalar, weight } from './onnx-builder.js';

const OPS = [
  'conv',
  'half-conv',
  'add',
  'mul',
  'concat',
  'sigmoid',
  'time',
  'context',
  'divide-by-one',
  'linear',
  'halves',
  'norm',
] as const;

interface Step {
  readonly op: (typeof OPS)[number];
  readonly first: number;
  readonly second: number;
}

/** Random noise predictors: 3 to 14 steps on [batch,4,8,8] values, each reading earlier ones, with long skips. */
export const randomModel: fc.Arbitrary<ModelProto> = fc
  .array(fc.record({ op: fc.constantFrom(...OPS), first: fc.nat(3), second: fc.nat(100) }), {
    minLength: 3,
    maxLength: 14,
  })
  .map(buildModel);

function buildModel(steps: readonly Step[]): ModelProto {
  const nodes: NodeProto[] = [];
  const weights: TensorProto[] = [scalar('one', 1)];
  const known = ['sample'];
  steps.forEach((step, index) => {
    const out = `v${index}`;
    // The first operand is recent, so that the graph is deep; the second is anything, so that it has skips.
    const a = known[Math.max(0, known.length - 1 - step.first)] ?? 'sample';
    const b = known[step.second % known.length] ?? 'sample';
    addStep(step.op, a, b, out, nodes, weights);
    known.push(out);
  });
  const last = known.at(-1) ?? 'sample';
  weights.push(weight('last_w', [4, 4, 3, 3]));
  nodes.push(node('Conv', [last, 'last_w'], ['out_sample'], { pads: [1, 1, 1, 1] }));
  return predictor(nodes, weights);
}

function addStep(
  op: Step['op'],
  a: string,
  b: string,
  out: string,
  nodes: NodeProto[],
  weights: TensorProto[],
): void {
  const pads = [1, 1, 1, 1];
  switch (op) {
    case 'conv':
      weights.push(weight(`${out}_w`, [4, 4, 3, 3]), weight(`${out}_b`, [4]));
      nodes.push(node('Conv', [a, `${out}_w`, `${out}_b`], [out], { pads }));
      break;
    case 'half-conv':
      // Large enough to lie outside of the graph.
      weights.push(halfWeight(`${out}_h`, [4, 4, 5, 5]));
      nodes.push(node('Cast', [`${out}_h`], [`${out}_w`], { to: 1 }));
      nodes.push(node('Conv', [a, `${out}_w`], [out], { pads: [2, 2, 2, 2] }));
      break;
    case 'add':
      nodes.push(node('Add', [a, b], [out]));
      break;
    case 'mul':
      nodes.push(node('Sigmoid', [b], [`${out}_gate`]));
      nodes.push(node('Mul', [a, `${out}_gate`], [out]));
      break;
    case 'concat':
      weights.push(weight(`${out}_w`, [4, 8, 1, 1]));
      nodes.push(node('Concat', [a, b], [`${out}_both`], { axis: 1 }));
      nodes.push(node('Conv', [`${out}_both`, `${out}_w`], [out]));
      break;
    case 'sigmoid':
      nodes.push(node('Sigmoid', [a], [out]));
      break;
    case 'time':
      nodes.push(node('Add', [a, 'time'], [out]));
      break;
    case 'context':
      nodes.push(node('Mul', [a, 'context'], [out]));
      break;
    case 'divide-by-one':
      nodes.push(node('Div', [a, 'one'], [out]));
      break;
    case 'linear':
      weights.push(weight(`${out}_w`, [8, 8]), weight(`${out}_b`, [8]));
      nodes.push(node('MatMul', [a, `${out}_w`], [`${out}_product`]));
      nodes.push(node('Add', [`${out}_product`, `${out}_b`], [out]));
      break;
    case 'halves':
      nodes.push(node('Split', [a], [`${out}_first`, `${out}_second`], { axis: 1 }));
      nodes.push(node('Concat', [`${out}_second`, `${out}_first`], [out], { axis: 1 }));
      break;
    // As torch exports a group norm.
    case 'norm':
      weights.push(integers(`${out}_flat`, [0, 2, -1]), integers(`${out}_square`, [0, 4, 8, 8]));
      weights.push(weight(`${out}_w`, [2]), weight(`${out}_b`, [2]));
      nodes.push(node('Reshape', [a, `${out}_flat`], [`${out}_rows`]));
      nodes.push(node('InstanceNormalization', [`${out}_rows`, `${out}_w`, `${out}_b`], [`${out}_normal`]));
      nodes.push(node('Reshape', [`${out}_normal`, `${out}_square`], [`${out}_scaled`]));
      weights.push(weight(`${out}_scale`, [4, 1, 1]));
      nodes.push(node('Mul', [`${out}_scaled`, `${out}_scale`], [out]));
      break;
  }
}
