import { expect, it } from 'vitest';
import { prepareModel } from '../../../planner/model/index.js';
import { integers, node, predictor, weight, writeModel } from '../../support/onnx-builder.js';
import { tempFolder } from '../../support/temp-folder.js';

/** What a model of a few hundred bytes may cost whoever looks at it. */
const MAX_GROWTH_BYTES = 100 * 2 ** 20;

const conv = node('Conv', ['sample', 'w'], ['drawn'], { pads: [1, 1, 1, 1] });
const small = weight('w', [4, 4, 3, 3]);
const added = [
  node('ReduceSum', ['huge'], ['sum'], { keepdims: 0 }),
  node('Add', ['drawn', 'sum'], ['out_sample']),
];

it.each([
  ['ConstantOfShape', [node('ConstantOfShape', ['dims'], ['huge'])], [integers('dims', [1200, 1000, 1000])]],
  [
    'a shape that is computed',
    [node('Mul', ['half', 'half'], ['dims']), node('ConstantOfShape', ['dims'], ['huge'])],
    [integers('half', [300, 100, 10])],
  ],
  ['Expand', [node('Expand', ['one', 'dims'], ['huge'])], [weight('one', [1]), integers('dims', [2 ** 30])]],
  ['Tile', [node('Tile', ['one', 'dims'], ['huge'])], [weight('one', [1024]), integers('dims', [1_000_000])]],
])('refuses %s of a billion elements before it is made', async (_name, makes, weights) => {
  const modelPath = writeModel(predictor([conv, ...makes, ...added], [small, ...weights]), tempFolder());
  const before = process.memoryUsage.rss();
  await expect(
    prepareModel({ modelPath, inputShapes: { sample: [2, 4, 8, 8] }, workDir: tempFolder() }),
  ).rejects.toMatchObject({ code: 'model_unsupported', message: expect.stringContaining('67,108,864') });
  expect(process.memoryUsage.rss() - before).toBeLessThan(MAX_GROWTH_BYTES);
});
