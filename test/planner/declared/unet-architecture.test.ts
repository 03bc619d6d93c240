import { describe, expect, it } from 'vitest';
import {
  A5000,
  ARCHITECTURES,
  type ArchitectureName,
  buildUnet,
  costGraph,
  rooflineMs,
  sampleDependent,
} from '../../../scripts/profiles/index.js';

const parameterCount = ({ nodes }: ReturnType<typeof build>): number =>
  nodes.reduce((sum, { params }) => sum + params, 0);

const NAMES = Object.keys(ARCHITECTURES) as ArchitectureName[];

function build(name: ArchitectureName) {
  const config = ARCHITECTURES[name];
  return buildUnet(config, { batch: 2, height: config.height, width: config.width });
}

describe('buildUnet', () => {
  it.each(NAMES)('%s has exactly the published number of parameters', (name) => {
    expect(parameterCount(build(name))).toBe(ARCHITECTURES[name].publishedParameters);
  });

  it.each(NAMES)('%s predicts noise of the shape of its latents', (name) => {
    const { values } = build(name);
    const { height, width } = ARCHITECTURES[name];
    expect(values.get('sample')?.dims).toEqual([2, 4, height / 8, width / 8]);
    expect(values.get('out_sample')?.dims).toEqual(values.get('sample')?.dims);
  });

  it('has the shapes of diffusers at the places where skips join (SD 1.5, 512 pixels)', () => {
    const { values } = build('sd15');
    expect(values.get('down_blocks.2.downsamplers.0')?.dims).toEqual([2, 1280, 8, 8]);
    expect(values.get('up_blocks.1.resnets.2.concat')?.dims).toEqual([2, 1920, 16, 16]);
    expect(values.get('up_blocks.3.resnets.0.concat')?.dims).toEqual([2, 960, 64, 64]);
    expect(values.get('up_blocks.3.resnets.2.concat')?.dims).toEqual([2, 640, 64, 64]);
  });

  it('keeps what depends on timestep or conditioning only out of what is sent', () => {
    const graph = build('sdxl');
    const cost = costGraph(graph, A5000, 100);
    const dependent = sampleDependent(cost);
    const independent = graph.nodes.filter((node) => !dependent.has(node.output));
    const kinds = new Set(independent.map((node) => node.name.split('.').at(-1)));
    expect(kinds).toEqual(
      new Set([
        'add_embedding',
        'add_time_proj',
        'emb',
        'k',
        'time_emb_proj',
        'time_embedding',
        'time_proj',
        'v',
      ]),
    );
    expect(independent.filter((node) => node.name.endsWith('.k'))).toHaveLength(70);
  });
});

describe('costGraph', () => {
  it.each(NAMES)('%s costs the given time in total, each node more than nothing', (name) => {
    const graph = costGraph(build(name), A5000, 123);
    expect(graph.nodes.reduce((sum, node) => sum + node.costMs, 0)).toBeCloseTo(123, 0);
    expect(graph.nodes.every((node) => node.costMs > 0)).toBe(true);
  });

  it('holds two bytes for each parameter', () => {
    const architecture = build('sd21');
    const graph = costGraph(architecture, A5000, 100);
    const bytes = [...graph.weightBytes.values()].reduce((sum, weight) => sum + weight, 0);
    expect(bytes).toBe(2 * parameterCount(architecture));
  });

  it('explains why the published SD 2.1 time is one at 768 pixels', () => {
    const at = (name: ArchitectureName, pixels: number): number =>
      rooflineMs(buildUnet(ARCHITECTURES[name], { batch: 2, height: pixels, width: pixels }), A5000);
    const published = 5.51 / 2.7;
    expect(Math.abs(at('sd21', 768) / at('sd15', 512) / published - 1)).toBeLessThan(0.15);
    expect(Math.abs(at('sd21', 512) / at('sd15', 512) - 1)).toBeLessThan(0.1);
  });
});
