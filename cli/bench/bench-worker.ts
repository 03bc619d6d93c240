import type { ClusterStatus } from '../../client/index.js';
import type { HostFacts } from './hosts.js';

type Status = ClusterStatus;

/** A worker as it described itself to the coordinator. */
export interface BenchWorker extends HostFacts {
  readonly name: string;
  readonly device: string;
  readonly threads: number;
  readonly version: string;
  readonly onnxruntimeVersion: string;
  readonly nodeVersion: string;
  readonly roundTripMs: number;
  readonly declared: Status['workers'][number]['declaredDevice'];
}

export function benchWorkers({ workers }: Status): BenchWorker[] {
  return workers.map((worker) => ({
    name: worker.name,
    device: worker.device,
    threads: worker.threads,
    version: worker.version,
    onnxruntimeVersion: worker.onnxruntimeVersion,
    nodeVersion: worker.nodeVersion,
    roundTripMs: worker.roundTripMs,
    hostName: worker.hostName,
    hostId: worker.hostId,
    machineId: worker.machineId,
    declared: worker.declared ? worker.declaredDevice : null,
  }));
}

/** What makes figures of these workers doubtful: versions or devices that differ. */
export function workerWarnings(workers: readonly BenchWorker[], coordinatorVersion: string): string[] {
  const warnings: string[] = [];
  const differ = (what: string, values: readonly string[]): void => {
    const distinct = [...new Set(values)];
    if (distinct.length > 1) warnings.push(`mixed ${what}: ${distinct.join(', ')}`);
  };
  differ('asyncdiff versions', [coordinatorVersion, ...workers.map(({ version }) => version)]);
  differ(
    'ONNX Runtime versions',
    workers.map(({ onnxruntimeVersion }) => onnxruntimeVersion),
  );
  differ(
    'Node versions',
    workers.map(({ nodeVersion }) => nodeVersion),
  );
  differ(
    'devices (sequential runs on the first worker)',
    workers.map(({ device, threads }) => `${device} with ${threads} thread${threads === 1 ? '' : 's'}`),
  );
  return warnings;
}
