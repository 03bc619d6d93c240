import { describe, expect, it } from 'vitest';
import { checkMemory, partMemory } from '../../planner/memory.js';
import { prepareModel } from '../../planner/model/index.js';
import { partitionGraph } from '../../planner/search/index.js';
import { node, predictor, weight, writeModel } from '../support/onnx-builder.js';
import { tempFolder } from '../support/temp-folder.js';

const pads = [1, 1, 1, 1];
const part = (total: number) => ({ weights: total - 190e6, activations: 0, overhead: 190e6, total });

describe('partMemory', () => {
  it('adds the weights of a part, and its values where most are alive', async () => {
    const model = predictor(
      [
        node('Conv', ['sample', 'w1'], ['a'], { pads }),
        node('Sigmoid', ['a'], ['b']),
        // a, b and c are alive here.
        node('Mul', ['a', 'b'], ['c']),
        node('Conv', ['c', 'w2'], ['out_sample'], { pads }),
      ],
      [weight('w1', [4, 4, 3, 3]), weight('w2', [4, 4, 3, 3])],
    );
    const { graph } = await prepareModel({
      modelPath: writeModel(model, tempFolder()),
      inputShapes: { sample: [2, 4, 8, 8] },
      workDir: tempFolder(),
    });
    const whole = partitionGraph(graph, { components: 1 });
    const [memory] = partMemory(graph, whole, 'cpu');
    expect(memory?.weights).toBe(2 * 576);
    expect(memory?.activations).toBe(3 * 2048);
    // In two sessions each keeps what it took: a and b of the first, a, b and c of the second.
    const [segment] = whole.segments;
    const halves = [segment!.nodes.slice(0, 2), segment!.nodes.slice(2)];
    const segments = halves.map((nodes) => ({ ...segment!, nodes }));
    const [cut] = partMemory(graph, { ...whole, segments }, 'cpu');
    expect(cut?.weights).toBe(2 * 576);
    expect(cut?.activations).toBe(5 * 2048);
    expect(cut?.total).toBe(2 * 576 + Math.ceil(1.4 * 5 * 2048) + 230e6);
    const [onGpu] = partMemory(graph, { ...whole, segments }, 'cuda:0');
    expect(onGpu?.total).toBe(2 * 576 + Math.ceil(2.7 * 5 * 2048) + 230e6);
  });
});

describe('checkMemory', () => {
  const placement = [['w1'], ['w2']];

  it('takes what fits, and workers that do not say what they have', () => {
    const workers = [{ id: 'w1', memoryBytes: 4e9 }, { id: 'w2' }];
    expect(() => checkMemory([part(3e9), part(50e9)], placement, workers)).not.toThrow();
  });

  it('refuses what does not, with the figures of each worker and what would fit', () => {
    const workers = [
      { id: 'w1', memoryBytes: 4e9 },
      { id: 'w2', memoryBytes: 2e9 },
    ];
    expect(() => checkMemory([part(3e9), part(3e9)], placement, workers)).toThrowError(
      expect.objectContaining({
        code: 'partition_impossible',
        message: expect.stringContaining('w1 needs 3.00 GB of 4.00 GB, w2 needs 3.00 GB of 2.00 GB'),
        hint: expect.stringContaining('About 4 workers of 2.00 GB'),
      }),
    );
  });

  it('counts the whole predictor for every worker of step-parallel', () => {
    const workers = [
      { id: 'w1', memoryBytes: 4e9 },
      { id: 'w2', memoryBytes: 2e9 },
    ];
    expect(() => checkMemory([part(3e9)], [['w1', 'w2']], workers)).toThrow(/w2 needs 3\.00 GB of 2\.00 GB/);
    expect(() => checkMemory([part(1e9)], [['w1', 'w2']], workers)).not.toThrow();
  });

  it('counts a process once where a worker holds two parts', () => {
    const workers = [{ id: 'w1', memoryBytes: 5.86e9 }];
    expect(() => checkMemory([part(3e9), part(3e9)], [['w1'], ['w1']], workers)).not.toThrow();
    expect(() => checkMemory([part(3e9), part(3.02e9)], [['w1'], ['w1']], workers)).toThrow(
      /5\.87 GB of 5\.86/,
    );
  });
});
