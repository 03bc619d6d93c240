import { hostIdentity } from '../../common/host-identity.js';
import { hostMemoryBytes } from '../../common/host-memory.js';
import { packageVersion } from '../../common/package.js';
import { findRuntime } from '../../common/runtime-package.js';
import { DEFAULT_MAX_MESSAGE_BYTES, PROTOCOL_VERSION } from '../../rpc/index.js';
import type { Hello } from '../../rpc/gen/asyncdiff/v1/Hello.js';
import type { DeclaredDevice } from '../../execution/declared/index.js';

/** The first message of a worker: what a coordinator needs to know to plan with it, and to refuse one of another version. */
export async function describeWorker(
  names: {
    readonly name?: string | undefined;
    readonly advertise?: string | undefined;
    readonly speed?: number | undefined;
    readonly maxMessageBytes?: number | undefined;
    readonly memoryBytes?: number | undefined;
  },
  device: {
    readonly device: string;
    readonly threads: number;
    /** Where it listens. */
    readonly address: string;
    readonly declared: DeclaredDevice | undefined;
  },
): Promise<Hello> {
  const identity = hostIdentity();
  return {
    protocolVersion: PROTOCOL_VERSION,
    version: packageVersion,
    name: names.name ?? identity.hostName,
    device: device.device,
    threads: device.threads,
    address: names.advertise ?? device.address,
    hostId: identity.hostId,
    hostName: identity.hostName,
    machineId: identity.machineId,
    onnxruntimeVersion: findRuntime()?.version ?? '',
    nodeVersion: process.version,
    speed: names.speed ?? 1,
    memoryBytes: names.memoryBytes ?? (device.device.startsWith('cpu') ? hostMemoryBytes() : 0),
    declared: device.declared !== undefined,
    declaredProfile: device.declared?.profileJson ?? '',
    maxMessageBytes: names.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES,
  };
}
