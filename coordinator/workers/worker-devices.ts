import type { WorkerHandle } from './worker-handle.js';

type Known = Pick<WorkerHandle, 'name' | 'speed'> & {
  readonly facts: Pick<
    WorkerHandle['facts'],
    'hostName' | 'device' | 'threads' | 'onnxruntimeVersion' | 'machineId'
  >;
};

/**
 * What each worker's device is, in words that are the same after a restart: what was measured on it is remembered for these. Devices that are
 * told apart by nothing else are told apart by their workers' names.
 */
export function devicesOf(workers: readonly Known[]): string[] {
  const all = workers.map(({ facts: { hostName, device, threads, onnxruntimeVersion }, speed }) =>
    JSON.stringify([hostName, device, threads, onnxruntimeVersion, speed]),
  );
  return all.map((one, at) =>
    all.indexOf(one) === all.lastIndexOf(one) ? one : JSON.stringify([one, workers[at]?.name]),
  );
}

/** Whether all of them are one device of one machine, which they share: what differs between them is what else it did meanwhile. */
export function shareDevice(workers: readonly Known[]): boolean {
  const devices = new Set(workers.map(({ facts }) => `${facts.machineId} ${facts.device} ${facts.threads}`));
  return devices.size <= 1;
}
