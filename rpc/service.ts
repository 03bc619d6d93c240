import { join } from 'node:path';
import { type GrpcObject, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';
import { packageRoot } from '../common/package.js';
import { frameSerializer, relaySerializer } from './frame-serializer.js';
import type { CoordinatorDefinition } from './gen/asyncdiff/v1/Coordinator.js';
import type { WorkerDefinition } from './gen/asyncdiff/v1/Worker.js';
import type { ProtoGrpcType as CoordinatorPackage } from './gen/coordinator.js';
import type { ProtoGrpcType as WorkerPackage } from './gen/worker.js';

/** Both ends of a conversation must have the same; raised whenever a message changes its meaning. */
export const PROTOCOL_VERSION = 6;

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

const worker = packageDefinition['asyncdiff.v1.Worker'] as unknown as WorkerDefinition;
const coordinator = packageDefinition['asyncdiff.v1.Coordinator'] as unknown as CoordinatorDefinition;

/** The serialisers that proto-loader makes; those in use make the same bytes with one copy less. */
export const plainSerializers = Object.freeze({
  frame: worker.Exchange.responseSerialize,
  workerMessage: coordinator.Join.requestSerialize,
  coordinatorMessage: coordinator.Join.responseSerialize,
});

// In place and before the client constructors are made, which keep the functions they find.
const workerMessage = relaySerializer(plainSerializers.workerMessage, plainSerializers.frame, 6);
const coordinatorMessage = relaySerializer(plainSerializers.coordinatorMessage, plainSerializers.frame, 7);
worker.Exchange.responseSerialize = frameSerializer(plainSerializers.frame);
Object.assign(coordinator.Join, { requestSerialize: workerMessage, responseSerialize: coordinatorMessage });
Object.assign(worker.Attach, { requestSerialize: coordinatorMessage, responseSerialize: workerMessage });

type Loaded = GrpcObject & CoordinatorPackage & WorkerPackage;

const loaded = (loadPackageDefinition(packageDefinition) as unknown as Loaded).asyncdiff.v1;

export const coordinatorService: CoordinatorDefinition = loaded.Coordinator.service;
export const workerService: WorkerDefinition = loaded.Worker.service;

/** Client constructors: `new CoordinatorClient(address, credentials, channelOptions())`. */
export const CoordinatorClient = loaded.Coordinator;
export const WorkerClient = loaded.Worker;
