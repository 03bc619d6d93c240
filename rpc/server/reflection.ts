import type { Server } from '@grpc/grpc-js';
import { MESSAGE_OPTIONS, PROTO_FILES, PROTO_FOLDER } from '../index.js';
import { OnCallServices } from './on-call-service.js';

const SERVICES = ['grpc.reflection.v1.ServerReflection', 'grpc.reflection.v1alpha.ServerReflection'];
const METHODS = [{ name: 'ServerReflectionInfo', requestStream: true, responseStream: true }];

/** Adds the reflection service: grpcurl asks for it, and few else. */
export function addReflection(server: Server): void {
  const services = new OnCallServices(async () => {
    const [{ ReflectionService }, { loadSync }, { protoPath: healthProtoPath }] = await Promise.all([
      import('@grpc/reflection'),
      import('@grpc/proto-loader'),
      import('grpc-health-check'),
    ]);
    const own = loadSync([...PROTO_FILES], { ...MESSAGE_OPTIONS, includeDirs: [PROTO_FOLDER] });
    const reflection = new ReflectionService({ ...own, ...loadSync(healthProtoPath) });
    return (taker) => reflection.addToServer(taker);
  });
  for (const service of SERVICES) services.add(server, service, METHODS);
}
