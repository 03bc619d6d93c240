import { describe, expect, it } from 'vitest';
import { prepareModel, profileInputs } from '../../../planner/model/index.js';
import { integers, node, predictor, weight, writeModel } from '../../support/onnx-builder.js';
import { bits, exportAll, runModel, runSegments } from '../../support/run-segments.js';
import { cutAt } from '../../support/simple-partition.js';
import { tempFolder } from '../../support/temp-folder.js';

const pads = [1, 1, 1, 1];
const inputShapes = { sample: [2, 4, 8, 8] };
const place = (name: string, index: number) => ({ ...integers(name, [index]), dims: [] });

/** As torch's dynamo exporter writes unbind(1), chunk(2, dim=1) and split([1, 3], dim=1) of the latents, and a list of tensors. */
function sequences() {
  return predictor(
    [
      node('Conv', ['sample', 'w1'], ['a'], { pads }),
      node('SplitToSequence', ['a'], ['unbound'], { axis: 1, keepdims: 0 }),
      node('SequenceAt', ['unbound', 'first'], ['u0']),
      node('SequenceAt', ['unbound', 'last'], ['u3']),
      node('Mul', ['u0', 'u3'], ['product']),
      node('Unsqueeze', ['product', 'axis'], ['gate']),
      node('Conv', ['a', 'w2'], ['b'], { pads }),
      node('SplitToSequence', ['b', 'two'], ['chunks'], { axis: 1 }),
      node('SequenceAt', ['chunks', 'first'], ['c0']),
      node('SequenceAt', ['chunks', 'second'], ['c1']),
      node('Sigmoid', ['c1'], ['c1_gate']),
      node('SequenceConstruct', ['c0', 'c1_gate'], ['pair']),
      node('SequenceAt', ['pair', 'second'], ['turned']),
      node('Concat', ['turned', 'c0'], ['joined'], { axis: 1 }),
      node('SplitToSequence', ['joined', 'sizes'], ['parts'], { axis: 1 }),
      node('SequenceAt', ['parts', 'first'], ['p0']),
      node('SequenceAt', ['parts', 'second'], ['p1']),
      node('Concat', ['p1', 'p0'], ['swapped'], { axis: 1 }),
      node('Mul', ['swapped', 'gate'], ['gated']),
      node('Conv', ['gated', 'w3'], ['out_sample'], { pads }),
    ],
    [
      ...['w1', 'w2', 'w3'].map((name) => weight(name, [4, 4, 3, 3])),
      integers('axis', [1]),
      integers('sizes', [1, 3]),
      place('two', 2),
      place('first', 0),
      place('second', 1),
      place('last', -1),
    ],
  );
}

describe('sequences of tensors', () => {
  it('become tensors, so that cuts go anywhere, with the bits of the file', async () => {
    const modelPath = writeModel(sequences(), tempFolder());
    const prepared = await prepareModel({ modelPath, inputShapes, workDir: tempFolder() });
    const { graph } = prepared;
    expect(graph.nodes.map(({ opType }) => opType).filter((type) => type.includes('Sequence'))).toEqual([]);
    const feeds = profileInputs(graph.inputs, graph.timestepInput);
    const whole = await runModel(modelPath, feeds, 'extended');
    for (const end of ['a', 'u0', 'b', 'c0', 'turned', 'p0', 'gated']) {
      const at = graph.nodes.findIndex(({ outputs }) => outputs.includes(end));
      expect(at, end).toBeGreaterThanOrEqual(0);
      const pieces = await runSegments(
        await exportAll(prepared, cutAt(graph, [at]), tempFolder()),
        feeds,
        'extended',
      );
      expect(bits(pieces['out_sample']).equals(bits(whole['out_sample'])), end).toBe(true);
    }
  });

  it('are refused where they are read at a place that is computed', async () => {
    const model = sequences();
    const nodes = model.graph?.node ?? [];
    const reader = nodes.find(({ output }) => output?.[0] === 'p0');
    if (reader === undefined) throw new Error('no p0');
    reader.input = ['parts', 'computed'];
    nodes.unshift(
      node('ReduceMin', ['timestep'], ['least'], { keepdims: 0 }),
      node('Min', ['least', 'first'], ['computed']),
    );
    const modelPath = writeModel(model, tempFolder());
    await expect(prepareModel({ modelPath, inputShapes, workDir: tempFolder() })).rejects.toMatchObject({
      code: 'model_unsupported',
      message: expect.stringContaining('parts is a sequence of tensors (SplitToSequence)') as unknown,
    });
  });
});
