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
export const GPU: DeviceSpeed = Object.freeze({ operationsPerSecond: 15e12, bytesPerSecond: 600e9 });

/** What a node takes at least: a kernel's launch, its share of a run. */
export const NODE_MS = 0.002;

/** The coefficients of a device as users write it (`cpu`, `cuda:0`, `webgpu`, ...). */
export function speedOf(device: string, threads: number): DeviceSpeed {
  if (!device.startsWith('cpu')) return GPU;
  return { ...CPU_CORE, operationsPerSecond: CPU_CORE.operationsPerSecond * Math.max(1, threads) };
}
