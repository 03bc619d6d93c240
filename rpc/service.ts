import { join } from 'node:path';
import { type GrpcObject, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';
import { packageRoot } from '../common/package.js';
import type { CoordinatorDefinition } from './gen/asyncdiff/v1/Coordinator.js';
import type { WorkerDefinition } from './gen/asyncdiff/v1/Worker.js';
import type { ProtoGrpcType as CoordinatorPackage } from './gen/coordinator.js';
import type { ProtoGrpcType as WorkerPackage } from './gen/worker.js';

/** Both ends of a conversation must have the same; raised whenever a message changes its meaning. */
export const PROTOCOL_VERSION = 11;

type Loaded = GrpcObject & CoordinatorPackage & WorkerPackage;

function load() {
  const definition = loadSync(['asyncdiff/v1/coordinator.proto', 'asyncdiff/v1/worker.proto'], {
    // These must equal the options of scripts/generate-proto-types.mjs, or the types lie.
    includeDirs: [join(packageRoot, 'proto')],
    longs: Number,
    enums: String,
    defaults: true,
    oneofs: true,
    arrays: true,
    objects: true,
    keepCase: false,
  });
  const { Coordinator, Worker } = (loadPackageDefinition(definition) as unknown as Loaded).asyncdiff.v1;
  return { definition, Coordinator, Worker };
}

let loaded: ReturnType<typeof load> | undefined;

/** The .proto files, read when they are first needed: importing this package reads none. */
function services(): ReturnType<typeof load> {
  loaded ??= load();
  return loaded;
}

/** The loaded .proto files, for the reflection service. */
export function packageDefinition(): PackageDefinition {
  return services().definition;
}

export function coordinatorService(): CoordinatorDefinition {
  return services().Coordinator.service;
}

export function workerService(): WorkerDefinition {
  return services().Worker.service;
}

/** Constructors of the clients, for {@link openCoordinator} and {@link openWorker}. */
export function clientConstructors(): Pick<ReturnType<typeof load>, 'Coordinator' | 'Worker'> {
  return services();
}
