import { array, assert, integer, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { partitionGraph } from '../../../planner/search/index.js';
import {
  ARCHITECTURES,
  type ArchitectureName,
  assignByCuts,
  balancedCut,
  boundaryBytes,
  componentShares,
  makePublishedProfile,
  OFFICIAL_SPLITS,
  officialAssignment,
  officialBroadcastBytes,
  sampleDependent,
} from '../../../scripts/profiles/index.js';
import { toCostGraph } from '../../../planner/declared/index.js';

const NAMES = Object.keys(ARCHITECTURES) as ArchitectureName[];
const graphs = Object.fromEntries(NAMES.map((name) => [name, toCostGraph(makePublishedProfile(name))]));

function graphOf(name: ArchitectureName) {
  const graph = graphs[name];
  if (graph === undefined) throw new Error(name);
  return graph;
}

describe('bytes per round', () => {
  it('SDXL N=2: the official code broadcasts 257 MB where 7.9 MB cross its split', () => {
    const graph = graphOf('sdxl');
    const split = OFFICIAL_SPLITS.sdxl[2];
    expect(officialBroadcastBytes(graph, split) / 1e6).toBeCloseTo(257.2, 1);
    expect(boundaryBytes(graph, officialAssignment(graph, split)) / 1e6).toBeCloseTo(7.86, 2);
  });

  it('SD 1.5 N=2: 65 MB broadcast, 24.2 MB across the official sequential split', () => {
    const graph = graphOf('sd15');
    const split = OFFICIAL_SPLITS.sd15[2];
    expect(officialBroadcastBytes(graph, split) / 1e6).toBeCloseTo(64.95, 1);
    expect(boundaryBytes(graph, officialAssignment(graph, split)) / 1e6).toBeCloseTo(24.25, 1);
  });

  it('SD 1.5: 2.0 MB across a U-shaped split with down block 2 to up block 1 inside', () => {
    const graph = graphOf('sd15');
    const after = (name: string): number => graph.nodes.findIndex((node) => node.outputs[0] === name) + 1;
    const cut = {
      headEnd: after('down_blocks.1.downsamplers.0'),
      ends: [after('up_blocks.1.attentions.2')],
    };
    expect(boundaryBytes(graph, assignByCuts(graph, cut)) / 1e6).toBeCloseTo(1.97, 2);
  });

  it.each([2, 3, 4] as const)(
    'agrees with the partition on the official SD 2.1 split, N=%i',
    (components) => {
      const graph = graphOf('sd21');
      const split = OFFICIAL_SPLITS.sd21[components];
      const { boundaryTensors } = partitionGraph(graph, { recomputeShare: 0, components, cuts: split.ends });
      const bytes = boundaryTensors.reduce((sum, tensor) => sum + tensor.bytes * tensor.consumers.length, 0);
      expect(bytes).toBe(boundaryBytes(graph, officialAssignment(graph, split)));
    },
  );

  it('counts each value once for every other component that reads it', () => {
    const graph = graphOf('sd15');
    const dependent = sampleDependent(graph);
    assert(
      property(
        array(integer({ min: 1, max: 4 }), {
          minLength: graph.nodes.length,
          maxLength: graph.nodes.length,
        }),
        (assignment) => {
          let expected = 0;
          graph.nodes.forEach((producer, p) => {
            for (const value of producer.outputs.filter((output) => dependent.has(output))) {
              for (let component = 1; component <= 4; component++) {
                const reads = graph.nodes.some(
                  (node, index) => assignment[index] === component && node.inputs.includes(value),
                );
                if (reads && assignment[p] !== component) expected += graph.values.get(value)?.bytes ?? 0;
              }
            }
          });
          expect(boundaryBytes(graph, assignment)).toBe(expected);
        },
      ),
      { numRuns: 20 },
    );
  });
});

describe('declared node costs', () => {
  it.each(NAMES.flatMap((name) => ([2, 3, 4] as const).map((n) => [name, n] as const)))(
    '%s N=%i: the hand-made official split is balanced to 15 %%',
    (name, components) => {
      const graph = graphOf(name);
      const shares = componentShares(graph, officialAssignment(graph, OFFICIAL_SPLITS[name][components]));
      expect(shares).toHaveLength(components);
      expect(Math.max(...shares) * components).toBeLessThan(1.15);
    },
  );

  it.each(NAMES)('%s N=2: a balanced U-shaped cut sends less than a sequential one', (name) => {
    const graph = graphOf(name);
    const sequential = balancedCut(graph, 2, 'sequential');
    const uShaped = balancedCut(graph, 2, 'u-shaped');
    expect(uShaped.maxShare).toBeLessThan(0.53);
    expect(uShaped.bytes).toBeLessThan(sequential.bytes);
  });
});
