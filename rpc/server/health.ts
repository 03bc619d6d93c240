import type { Server } from '@grpc/grpc-js';
import type { HealthImplementation } from 'grpc-health-check';
import { OnCallServices } from './on-call-service.js';

export type HealthStatus = 'SERVING' | 'NOT_SERVING';

const METHODS = [
  { name: 'Check', requestStream: false, responseStream: false },
  { name: 'Watch', requestStream: false, responseStream: true },
  { name: 'List', requestStream: false, responseStream: false },
];

/** gRPC's health service (grpc.health.v1), for whoever watches over processes. */
export class Health {
  readonly #statuses = new Map<string, HealthStatus>();
  /** Once somebody has asked. */
  #asked: HealthImplementation | undefined;

  addTo(server: Server): void {
    const services = new OnCallServices(async () => {
      const { HealthImplementation } = await import('grpc-health-check');
      const health = new HealthImplementation(Object.fromEntries(this.#statuses));
      this.#asked = health;
      return (taker) => health.addToServer(taker);
    });
    services.add(server, 'grpc.health.v1.Health', METHODS);
  }

  /** @param service its full name; `''` is the server */
  set(service: string, status: HealthStatus): void {
    this.#statuses.set(service, status);
    this.#asked?.setStatus(service, status);
  }
}
