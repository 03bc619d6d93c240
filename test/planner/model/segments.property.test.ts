import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { prepareModel, profileInputs } from '../../../planner/model/index.js';
import { partitionGraph } from '../../../planner/search/index.js';
import { halfModel } from '../../support/half-model.js';
import { writeModel } from '../../support/onnx-builder.js';
import { randomModel } from '../../support/random-model.js';
import { bits, exportAll, runModel, runSegments } from '../../support/run-segments.js';
import { cutAt, latentNodes } from '../../support/simple-partition.js';
import { tempFolder } from '../../support/temp-folder.js';

describe('random models, random cuts', () => {
  it('pieces in order equal the untouched model bit for bit', async () => {
    await fc.assert(
      fc.asyncProperty(randomModel, fc.array(fc.nat(1000), { maxLength: 3 }), async (model, picks) => {
        const folder = tempFolder();
        const modelPath = writeModel(model, folder);
        const prepared = await prepareModel({
          modelPath,
          inputShapes: { sample: [2, 4, 8, 8] },
          workDir: folder,
        });
        const { graph } = prepared;
        const places = latentNodes(graph).slice(0, -1);
        const chosen = places.length === 0 ? [] : picks.map((pick) => places[pick % places.length] ?? 0);
        const ends = [...new Set(chosen)].sort((a, b) => a - b);
        const artifacts = await exportAll(prepared, cutAt(graph, ends), folder);
        const feeds = profileInputs(graph.inputs, graph.timestepInput);
        for (const level of ['basic', 'extended'] as const) {
          const whole = await runModel(modelPath, feeds, level);
          const pieces = await runSegments(artifacts, feeds, level);
          expect(bits(pieces['out_sample']).equals(bits(whole['out_sample']))).toBe(true);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('so do those of float16 models, which ONNX Runtime computes in float32 on the CPU', async () => {
    await fc.assert(
      fc.asyncProperty(randomModel, fc.array(fc.nat(1000), { maxLength: 3 }), async (model, picks) => {
        const folder = tempFolder();
        const modelPath = writeModel(halfModel(model), folder);
        const prepared = await prepareModel({
          modelPath,
          inputShapes: { sample: [2, 4, 8, 8] },
          workDir: folder,
        });
        const { graph } = prepared;
        const places = latentNodes(graph).slice(0, -1);
        const ends = [
          ...new Set(places.length === 0 ? [] : picks.map((pick) => places[pick % places.length]!)),
        ];
        const cuts = ends.sort((a, b) => a - b).map((end) => graph.nodes[end]!.outputs[0]!);
        const partition = partitionGraph(graph, { components: 1, cuts, widensHalf: true, recomputeShare: 0 });
        const artifacts = await exportAll(prepared, partition, folder);
        const feeds = profileInputs(graph.inputs, graph.timestepInput);
        const whole = await runModel(modelPath, feeds, 'extended');
        const pieces = await runSegments(artifacts, feeds, 'extended');
        expect(bits(pieces['out_sample']).equals(bits(whole['out_sample']))).toBe(true);
      }),
      { numRuns: 25 },
    );
  });
});
