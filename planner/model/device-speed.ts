import { keepsValues, parseDevice } from '../../execution/index.js';
import { type HostCopy, NO_HOST_COPY } from '../search/index.js';

/** A device as the cost model knows it: time of a node = operations / operationsPerSecond + bytes / bytesPerSecond. */
export interface DeviceSpeed {
  /** Multiplications and additions of convolutions and matrix products. */
  readonly operationsPerSecond: number;
  /** Tensors that a node reads and writes, its weights among them. */
  readonly bytesPerSecond: number;
}

/**
 * One core of a server CPU, ONNX Runtime's CPU provider. At these the largest part of SD 1.5 and of the bundled model, cut in two, three and four, is
 * within 5 % of what measured node times give (docs/benchmarks.md); twice as much of either changes it by 2 %.
 */
export const CPU_CORE: DeviceSpeed = Object.freeze({ operationsPerSecond: 60e9, bytesPerSecond: 9e9 });

/** A GPU of a workstation: what matters is that its bytes weigh more beside its operations than a CPU's do. */
const GPU: DeviceSpeed = Object.freeze({ operationsPerSecond: 15e12, bytesPerSecond: 600e9 });

/** Least time of a node, milliseconds: a kernel's launch, its share of a run. */
export const NODE_MS = 0.002;

/** To a GPU and back over PCIe 4 by memory that is not pinned, as ONNX Runtime copies; an assumption, not measured. */
const HOST_COPY_MS_PER_BYTE = 1 / 6e6;

/** What a device's sessions cost at their ends: see `keepsValues` for what can stay where it was made. */
export function hostCopyOf(device: string): HostCopy {
  const spec = parseDevice(device);
  if (spec.kind === 'declared' || spec.provider === 'cpu') return NO_HOST_COPY;
  return { msPerByte: HOST_COPY_MS_PER_BYTE, includesLocal: !keepsValues(spec) };
}

/** The coefficients of a device as users write it (`cpu`, `cuda:0`, `webgpu`, ...). */
export function speedOf(device: string, threads: number): DeviceSpeed {
  if (!device.startsWith('cpu')) return GPU;
  return { ...CPU_CORE, operationsPerSecond: CPU_CORE.operationsPerSecond * Math.max(1, threads) };
}
