import { elementBytes } from '../../common/tensor/index.js';
import type { CostGraph, GraphNode } from '../../planner/search/index.js';
import type { ArchitectureGraph, ArchitectureNode } from './graph-builder.js';
import type { Kernel, KernelKind } from './kernels.js';

/** What a GPU attains, per kind of kernel. Peaks are the maker's; the attained parts are assumptions, named as such. */
interface DeviceRates {
  readonly device: string;
  /** Dense float16 tensor-core peak, TFLOP/s. */
  readonly peakTflops: number;
  /** Peak memory bandwidth, GB/s. */
  readonly peakBandwidthGBps: number;
  /** Attained part of the peak, by kind; of the bandwidth for `memory`. */
  readonly attained: Readonly<Record<KernelKind, number>>;
  /** Smallest time that one kernel takes on the device, start to start, microseconds. */
  readonly launchUs: number;
}

/**
 * NVIDIA RTX A5000 (GA102, 230 W): 222.2 TFLOP/s float16 with sparsity, so 111.1 dense; 768 GB/s (maker's data sheet).
 * The attained parts are one set for all models: with them the three published times come out unscaled within the
 * few per cent that docs/reference/declared-devices.md lists.
 */
export const A5000: DeviceRates = Object.freeze({
  device: 'NVIDIA RTX A5000',
  peakTflops: 111.1,
  peakBandwidthGBps: 768,
  attained: Object.freeze({ conv: 0.45, linear: 0.65, attention: 0.35, memory: 0.8 }),
  launchUs: 10,
});

type Precision = 'float16' | 'tf32';

/** Roofline time of one kernel, ms: the larger of compute and memory time, and the launch. TF32 has half the rate of float16. */
function kernelMs(kernel: Kernel, rates: DeviceRates, precision: Precision = 'float16'): number {
  const { attained, peakTflops, peakBandwidthGBps, launchUs } = rates;
  const elementSize = precision === 'tf32' ? 4 : 2;
  const tflops = peakTflops * attained[kernel.kind] * (precision === 'tf32' ? 0.5 : 1);
  const computeMs = kernel.flops === 0 ? 0 : kernel.flops / (tflops * 1e9);
  const memoryMs = (kernel.elements * elementSize) / (peakBandwidthGBps * attained.memory * 1e6);
  return Math.max(computeMs, memoryMs) + launchUs / 1000;
}

/** Roofline time of a list of kernels run one after another, ms. */
export function kernelsMs(kernels: readonly Kernel[], rates: DeviceRates, precision?: Precision): number {
  return kernels.reduce((sum, kernel) => sum + kernelMs(kernel, rates, precision), 0);
}

/** Roofline time of one whole run of the model, ms, before any scaling. */
export function rooflineMs(graph: ArchitectureGraph, rates: DeviceRates): number {
  return graph.nodes.reduce((sum, node) => sum + kernelsMs(node.kernels, rates), 0);
}

/** The architecture as a cost graph whose node costs share `stepMs` in proportion to their roofline times. */
export function costGraph(graph: ArchitectureGraph, rates: DeviceRates, stepMs: number): CostGraph {
  const scale = stepMs / rooflineMs(graph, rates);
  const weightBytes = new Map<string, number>();
  const nodes = graph.nodes.map((node): GraphNode => {
    const weights = node.params > 0 ? [`${node.name}.weight`] : [];
    for (const name of weights) weightBytes.set(name, node.params * elementBytes('float16'));
    return {
      name: exportName(node),
      opType: node.opType,
      inputs: node.inputs,
      outputs: [node.output],
      weights,
      costMs: roundMs(scale * kernelsMs(node.kernels, rates)),
    };
  });
  return {
    inputs: graph.inputs,
    sampleInput: 'sample',
    timestepInput: 'timestep',
    output: 'out_sample',
    nodes,
    values: graph.values,
    weightBytes,
  };
}

/** The name that torch.onnx.export gives such a node: `/down_blocks.0/resnets.1/conv1/Conv`. Modules are read off it. */
function exportName({ name, opType }: ArchitectureNode): string {
  return `/${name.replaceAll(/\.(?=\D)/g, '/')}/${opType}`;
}

/** A tenth of a microsecond is far below what any clock in the house resolves, and keeps the files short. */
function roundMs(ms: number): number {
  return Math.round(ms * 1e4) / 1e4;
}
