import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../../common/package.js';
import {
  type InputShapes,
  type PreparedModel,
  prepareModel,
  profileInputs,
} from '../../../planner/model/index.js';
import { partitionGraph } from '../../../planner/search/index.js';
import { bits, exportAll, runModel, runSegments } from '../../support/run-segments.js';
import { tempFolder } from '../../support/temp-folder.js';

/** Cuts a model in 1 to 4 and holds the pieces against the untouched file. */
async function compare(
  modelPath: string,
  inputShapes: InputShapes,
  cutLists: readonly (readonly string[])[] = [],
): Promise<PreparedModel> {
  const folder = tempFolder();
  const keepValues = cutLists.flat();
  const prepared = await prepareModel({ modelPath, inputShapes, keepValues, workDir: folder });
  const { graph } = prepared;
  const feeds = profileInputs(graph.inputs, graph.timestepInput);
  const whole = (await runModel(modelPath, feeds, 'extended'))[graph.output];
  const partitions = [
    ...[1, 2, 3, 4].map((components) => partitionGraph(graph, { components })),
    partitionGraph(graph, { components: 2, shape: 'u-shaped', microCuts: 2 }),
    partitionGraph(graph, { components: 3, shape: 'sequential', recomputeShare: 0 }),
    ...cutLists.map((cuts) => partitionGraph(graph, { components: cuts.length + 1, cuts })),
  ];
  for (const partition of partitions) {
    const artifacts = await exportAll(prepared, partition, join(folder, 'segments'));
    const pieces = await runSegments(artifacts, feeds, 'extended');
    expect(bits(pieces[graph.output]).equals(bits(whole)), partition.cuts.join()).toBe(true);
  }
  return prepared;
}

describe('real models, cut', () => {
  it('the bundled U-Net: pieces equal the untouched file bit for bit, without a copy of its weights', async () => {
    const modelPath = join(packageRoot, 'models/emoji/unet/model.onnx');
    const prepared = await compare(modelPath, { sample: [2, 4, 16, 16] });
    const partition = partitionGraph(prepared.graph, { components: 2, shape: 'sequential' });
    // conv_in is the first skip connection: the second component makes it itself, as the pieces above did.
    expect(partition.segments.map(({ recomputes }) => recomputes.length)).toEqual([0, 1]);
    const { artifacts, tensors } = await exportAll(prepared, partition, tempFolder());
    // Graphs without weights; no tensor that is not the file's own.
    expect(artifacts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)).toBeLessThan(1e6);
    expect(new Set([...tensors.ranges.values()].map(({ path }) => path))).toEqual(new Set([modelPath]));
  });

  const oracle = join(dirname(packageRoot), 'shared', 'oracle');
  it.skipIf(!existsSync(oracle))(
    'an SD-shaped U-Net of 6,706 nodes, with the official cuts (needs ../shared/oracle)',
    async () => {
      const cuts = ['sd-n2-s1-w1', 'sd-n3-s1-w3'].map(
        (name) => JSON.parse(readFileSync(join(oracle, name, 'case.json'), 'utf8')).cuts as string[],
      );
      const shapes = { sample: [2, 4, 16, 16], encoder_hidden_states: [2, 7, 32] };
      await compare(join(oracle, 'models/sd.onnx'), shapes, cuts);
    },
  );
});
