import { describe, expect, it } from 'vitest';
import type { ModelProto } from '../../../common/model-file/index.js';
import { prepareModel, profileInputs } from '../../../planner/model/index.js';
import { integers, node, predictor, scalar, value, weight, writeModel } from '../../support/onnx-builder.js';
import { bits, exportAll, runModel, runSegments } from '../../support/run-segments.js';
import { cutAt, latentNodes } from '../../support/simple-partition.js';
import { tempFolder } from '../../support/temp-folder.js';

const pads = [1, 1, 1, 1];
const inputShapes = { sample: [2, 4, 8, 8] };

describe('subgraphs', () => {
  it('count what they capture as inputs, and travel with their node', async () => {
    const branch = (name: string, nodes: ModelProto['graph']) => ({ type: 5, g: { name, ...nodes } });
    const model = predictor(
      [
        node('Conv', ['sample', 'w1'], ['a'], { pads }),
        node('Greater', ['time_float', 'limit'], ['late']),
        node('Squeeze', ['late', 'axis_0'], ['condition']),
        node('If', ['condition'], ['b'], {
          then_branch: branch('then', {
            node: [node('Conv', ['a', 'w2'], ['then_out'], { pads })],
            output: [value('then_out', [2, 4, 8, 8])],
          }),
          else_branch: branch('else', {
            node: [node('Mul', ['a', 'context'], ['else_out'])],
            output: [value('else_out', [2, 4, 8, 8])],
          }),
        }),
        node('Sigmoid', ['b'], ['out_sample']),
      ],
      [weight('w1', [4, 4, 3, 3]), weight('w2', [4, 4, 3, 3]), scalar('limit', 400), integers('axis_0', [0])],
    );
    const modelPath = writeModel(model, tempFolder());
    const prepared = await prepareModel({ modelPath, inputShapes, workDir: tempFolder() });
    const { graph } = prepared;
    const branching = graph.nodes.findIndex((item) => item.opType === 'If');
    expect(graph.nodes[branching]?.inputs).toEqual(expect.arrayContaining(['condition', 'a', 'context']));
    expect(graph.nodes[branching]?.weights).toContain('w2');
    const ends = [graph.nodes.findIndex((item) => item.outputs.includes('a'))];
    const artifacts = await exportAll(prepared, cutAt(graph, ends), tempFolder());
    const feeds = profileInputs(graph.inputs, graph.timestepInput);
    const whole = await runModel(modelPath, feeds, 'extended');
    const pieces = await runSegments(artifacts, feeds, 'extended');
    expect(bits(pieces['out_sample']).equals(bits(whole['out_sample']))).toBe(true);
  });
});

describe('constants that follow from an open dimension', () => {
  it('are fused no more than in the untouched model, where they are none', async () => {
    // The scale of an attention as exporters write it: 1 / sqrt(width), the width read off a shape with an open batch.
    const model = predictor(
      [
        node('Conv', ['sample', 'w1'], ['a'], { pads }),
        node('Shape', ['a'], ['a_shape']),
        node('Gather', ['a_shape', 'last'], ['width']),
        node('Cast', ['width'], ['width_float'], { to: 1 }),
        node('Sqrt', ['width_float'], ['root']),
        node('Div', ['one', 'root'], ['scale']),
        node('Mul', ['a', 'scale'], ['query']),
        node('Transpose', ['a'], ['key'], { perm: [0, 1, 3, 2] }),
        node('MatMul', ['query', 'key'], ['scores']),
        node('Softmax', ['scores'], ['weights'], { axis: -1 }),
        node('MatMul', ['weights', 'a'], ['mixed']),
        node('Conv', ['mixed', 'w2'], ['out_sample'], { pads }),
      ],
      [weight('w1', [4, 4, 3, 3]), weight('w2', [4, 4, 3, 3]), scalar('one', 1), integers('last', [3])],
    );
    const modelPath = writeModel(model, tempFolder());
    const prepared = await prepareModel({ modelPath, inputShapes, workDir: tempFolder() });
    const feeds = profileInputs(prepared.graph.inputs, prepared.graph.timestepInput);
    const whole = await runModel(modelPath, feeds, 'extended');
    for (const ends of [[], latentNodes(prepared.graph).slice(0, 1)]) {
      const exported = await exportAll(prepared, cutAt(prepared.graph, ends), tempFolder());
      const pieces = await runSegments(exported, feeds, 'extended');
      expect(bits(pieces['out_sample']).equals(bits(whole['out_sample']))).toBe(true);
    }
  });
});
