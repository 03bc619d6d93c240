import {
  type Server,
  type ServerDuplexStream,
  type ServiceDefinition,
  status,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { protoPath as healthProtoPath } from 'grpc-health-check';
import { packageDefinition } from '../index.js';

const SERVICES = ['grpc.reflection.v1.ServerReflection', 'grpc.reflection.v1alpha.ServerReflection'];
const METHOD = 'ServerReflectionInfo';

type Call = ServerDuplexStream<Buffer, Buffer>;
/** Answers calls of one service, by the messages that its own definition reads and writes. */
type Answer = (call: Call) => void;

/**
 * Adds the reflection service (grpcurl asks for it). What it tells is indexed at its first call: that takes longer than the whole rest of a server's
 * start, and most servers are never asked.
 */
export function addReflection(server: Server): void {
  let answers: Promise<ReadonlyMap<string, Answer>> | undefined;
  for (const service of SERVICES) {
    const path = pathOf(service);
    const handler = (call: Call): void => {
      answers ??= loadAnswers();
      answers.then(
        (loaded) => loaded.get(path)?.(call),
        (error: unknown) => fail(call, status.INTERNAL, error),
      );
    };
    server.addService(bytesDefinition(path), { [METHOD]: handler });
  }
}

function pathOf(service: string): string {
  return `/${service}/${METHOD}`;
}

/** Messages stay bytes: the real definition reads them. */
function bytesDefinition(path: string): ServiceDefinition {
  const same = (bytes: Buffer): Buffer => bytes;
  return {
    [METHOD]: {
      path,
      requestStream: true,
      responseStream: true,
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    },
  };
}

async function loadAnswers(): Promise<ReadonlyMap<string, Answer>> {
  const { ReflectionService } = await import('@grpc/reflection');
  const answers = new Map<string, Answer>();
  // It adds itself to a server, which grpc-js does not allow once it runs: what it would add is taken down here.
  const taker = {
    addService(definition: ServiceDefinition, handlers: Record<string, UntypedHandleCall>): void {
      const method = definition[METHOD];
      const handler = handlers[METHOD] as ((stream: object) => void) | undefined;
      if (method === undefined || handler === undefined) return;
      answers.set(method.path, (call) => handler(decoded(call, method)));
    },
  };
  const service = new ReflectionService({ ...packageDefinition(), ...loadSync(healthProtoPath) });
  service.addToServer(taker);
  return answers;
}

/** The call as the service sees one: messages in place of bytes. One that cannot be read ends it. */
function decoded(call: Call, method: ServiceDefinition[string]): object {
  return {
    on(event: string, listener: (message?: unknown) => void): void {
      if (event !== 'data') {
        call.on(event, listener);
        return;
      }
      call.on('data', (bytes: Buffer) => {
        try {
          listener(method.requestDeserialize(bytes));
        } catch (error) {
          fail(call, status.INVALID_ARGUMENT, error);
        }
      });
    },
    write: (message: unknown) => call.write(method.responseSerialize(message)),
    end: () => call.end(),
  };
}

function fail(call: Call, code: status, error: unknown): void {
  call.emit('error', {
    code,
    details: `reflection: ${error instanceof Error ? error.message : String(error)}`,
  });
}
