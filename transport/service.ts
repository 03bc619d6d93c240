import { join } from 'node:path';
import { type GrpcObject, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';
import { packageRoot } from '../common/package.js';
import { withoutDataCopy } from './frame-serializer.js';
import type { CoordinatorDefinition } from './gen/asyncdiff/v1/Coordinator.js';
import type { WorkerDefinition } from './gen/asyncdiff/v1/Worker.js';
import type { ProtoGrpcType as CoordinatorPackage } from './gen/coordinator.js';
import type { ProtoGrpcType as WorkerPackage } from './gen/worker.js';

/** Both ends of a conversation must have the same; raised whenever a message changes its meaning. */
export const PROTOCOL_VERSION = 1;

/** The loaded .proto files, for the reflection service. */
export const packageDefinition: PackageDefinition = loadSync(
  ['asyncdiff/v1/coordinator.proto', 'asyncdiff/v1/worker.proto'],
  {
    // These must equal the options of scripts/generate-proto-types.mjs, or the types lie.
    includeDirs: [join(packageRoot, 'proto')],
    longs: Number,
    enums: String,
    defaults: true,
    oneofs: true,
    arrays: true,
    objects: true,
    keepCase: false,
  },
);

type Loaded = GrpcObject & CoordinatorPackage & WorkerPackage;

const loaded = (loadPackageDefinition(packageDefinition) as unknown as Loaded).asyncdiff.v1;

export const coordinatorService: CoordinatorDefinition = loaded.Coordinator.service;
const { Exchange, ...otherWorkerMethods } = loaded.Worker.service;
export const workerService: WorkerDefinition = {
  ...otherWorkerMethods,
  Exchange: { ...Exchange, responseSerialize: withoutDataCopy(Exchange.responseSerialize) },
};

/** Client constructors: `new CoordinatorClient(address, credentials, channelOptions())`. */
export const CoordinatorClient = loaded.Coordinator;
export const WorkerClient = loaded.Worker;
