import {
  type Server,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
  status,
  type UntypedHandleCall,
} from '@grpc/grpc-js';

/** A method as it is known before its service is loaded. */
interface MethodShape {
  readonly name: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

/** Takes the services of a library, as a server of grpc-js does. */
interface Taker {
  addService(definition: ServiceDefinition, handlers: Record<string, unknown>): void;
}

type Method = ServiceDefinition[string];
type Unary = (call: { readonly request: unknown }, done: sendUnaryData<unknown>) => void;
type Streamed = (call: object) => void;

interface Loaded {
  readonly method: Method;
  readonly handler: unknown;
}

/** Services that are loaded at the first call to one of them: few are ever called, and their libraries take longer than the rest of a server's start. */
export class OnCallServices {
  readonly #load: () => Promise<(taker: Taker) => void>;
  #loaded: Promise<ReadonlyMap<string, Loaded>> | undefined;

  /** @param load gives what adds the services to a server */
  constructor(load: () => Promise<(taker: Taker) => void>) {
    this.#load = load;
  }

  add(server: Server, service: string, methods: readonly MethodShape[]): void {
    const definitions: Record<string, Method> = {};
    const handlers: Record<string, UntypedHandleCall> = {};
    for (const { name, requestStream, responseStream } of methods) {
      const path = `/${service}/${name}`;
      definitions[name] = { path, requestStream, responseStream, ...UNREAD };
      handlers[name] = responseStream ? this.#streamed(path) : this.#unary(path);
    }
    server.addService(definitions, handlers);
  }

  #unary(path: string) {
    return (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>): void => {
      this.#find(path)
        .then(({ method, handler }) =>
          (handler as Unary)({ request: method.requestDeserialize(call.request) }, (error, value) =>
            done(error, value === null || value === undefined ? null : method.responseSerialize(value)),
          ),
        )
        .catch((error: unknown) => done(failure(status.INTERNAL, error)));
    };
  }

  #streamed(path: string) {
    return (call: ServerDuplexStream<Buffer, Buffer> & { readonly request?: Buffer }): void => {
      this.#find(path)
        .then(({ method, handler }) => (handler as Streamed)(decoded(call, method)))
        .catch((error: unknown) => call.emit('error', failure(status.INTERNAL, error)));
    };
  }

  async #find(path: string): Promise<Loaded> {
    this.#loaded ??= this.#take();
    const found = (await this.#loaded).get(path);
    if (found === undefined) throw new Error(`${path} is not among the methods of its library`);
    return found;
  }

  /** A library adds itself to a server, which grpc-js does not allow once it runs: what it would add is taken down here. */
  async #take(): Promise<ReadonlyMap<string, Loaded>> {
    const loaded = new Map<string, Loaded>();
    const addAll = await this.#load();
    addAll({
      addService(definition, handlers) {
        for (const [name, method] of Object.entries(definition))
          loaded.set(method.path, {
            method,
            handler: handlers[name] ?? handlers[method.originalName ?? name],
          });
      },
    });
    return loaded;
  }
}

const same = (bytes: Buffer): Buffer => bytes;
/** Messages stay bytes: the definition of the library reads them. */
const UNREAD = {
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
};

/** The call as the library sees one: messages in place of bytes. A message that cannot be read ends it. */
function decoded(
  call: ServerDuplexStream<Buffer, Buffer> & { readonly request?: Buffer },
  method: Method,
): object {
  return {
    request: call.request === undefined ? undefined : method.requestDeserialize(call.request),
    on(event: string, listener: (message?: unknown) => void): void {
      if (event !== 'data') {
        call.on(event, listener);
        return;
      }
      call.on('data', (bytes: Buffer) => {
        try {
          listener(method.requestDeserialize(bytes));
        } catch (error) {
          call.emit('error', failure(status.INVALID_ARGUMENT, error));
        }
      });
    },
    write: (message: unknown) => call.write(method.responseSerialize(message)),
    end: () => call.end(),
  };
}

function failure(code: status, error: unknown): { code: status; details: string } {
  return { code, details: error instanceof Error ? error.message : String(error) };
}
