import { join } from 'node:path';
import { makeClientConstructor, type ServiceDefinition } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { packageRoot } from '../common/package.js';
import type { CoordinatorDefinition } from './gen/asyncdiff/v1/Coordinator.js';
import type { WorkerDefinition } from './gen/asyncdiff/v1/Worker.js';
import type { ProtoGrpcType as CoordinatorPackage } from './gen/coordinator.js';
import type { ProtoGrpcType as WorkerPackage } from './gen/worker.js';

/** Both ends of a conversation must have the same; raised whenever a message changes its meaning. */
export const PROTOCOL_VERSION = 11;

/** Where the .proto files are, and which of them have services. */
export const PROTO_FOLDER = join(packageRoot, 'proto');
export const PROTO_FILES = ['asyncdiff/v1/coordinator.proto', 'asyncdiff/v1/worker.proto'];

/** How messages are read. These must equal the options of scripts/generate-proto-types.mjs, or the types lie. */
export const MESSAGE_OPTIONS = {
  longs: Number,
  enums: String,
  defaults: true,
  oneofs: true,
  arrays: true,
  objects: true,
} as const;

/**
 * A service as grpc-js takes it. `@grpc/proto-loader` makes the same and a descriptor of every message beside it, which only the reflection service
 * reads: a tenth of what a worker's start costs.
 */
function serviceOf(root: protobuf.Root, name: string): ServiceDefinition {
  const service = root.lookupService(name);
  return Object.fromEntries(
    service.methodsArray.map((method) => {
      method.resolve();
      const [request, response] = [codecOf(method.resolvedRequestType), codecOf(method.resolvedResponseType)];
      const definition = {
        path: `/${name}/${method.name}`,
        requestStream: method.requestStream === true,
        responseStream: method.responseStream === true,
        requestSerialize: request.serialize,
        requestDeserialize: request.deserialize,
        responseSerialize: response.serialize,
        responseDeserialize: response.deserialize,
        originalName: `${method.name[0]?.toLowerCase()}${method.name.slice(1)}`,
      };
      return [method.name, definition];
    }),
  );
}

function codecOf(type: protobuf.Type | null) {
  if (type === null) throw new TypeError('a method without a message');
  return {
    serialize: (message: object): Buffer => type.encode(type.fromObject(message)).finish() as Buffer,
    deserialize: (bytes: Buffer): object => type.toObject(type.decode(bytes), MESSAGE_OPTIONS),
  };
}

function load() {
  const root = new protobuf.Root();
  // Every import in these files is one of them.
  root.resolvePath = (_origin, target) => join(PROTO_FOLDER, target);
  root.loadSync(PROTO_FILES);
  const worker = serviceOf(root, 'asyncdiff.v1.Worker') as unknown as WorkerDefinition;
  const coordinator = serviceOf(root, 'asyncdiff.v1.Coordinator') as unknown as CoordinatorDefinition;
  const Coordinator = makeClientConstructor(coordinator, 'Coordinator') as unknown as Loaded['Coordinator'];
  const Worker = makeClientConstructor(worker, 'Worker') as unknown as Loaded['Worker'];
  return { worker, coordinator, Coordinator, Worker };
}

type Loaded = CoordinatorPackage['asyncdiff']['v1'] & WorkerPackage['asyncdiff']['v1'];

let loaded: ReturnType<typeof load> | undefined;

/** The .proto files, read when they are first needed: importing this package reads none. */
function services(): ReturnType<typeof load> {
  loaded ??= load();
  return loaded;
}

export function coordinatorService(): CoordinatorDefinition {
  return services().coordinator;
}

export function workerService(): WorkerDefinition {
  return services().worker;
}

/** Constructors of the clients, for channel.ts. */
export function clientConstructors(): Pick<ReturnType<typeof load>, 'Coordinator' | 'Worker'> {
  return services();
}
