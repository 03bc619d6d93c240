import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { AsyncDiffError } from '../common/errors/index.js';
import { parseAddress } from '../rpc/index.js';

interface MetricsServer {
  readonly port: number;
  close(): void;
}

/**
 * Serves `/metrics` for Prometheus, where the process listens and nowhere else.
 *
 * @param beside HOST:PORT at which the process is reached; its host is listened at
 * @throws AsyncDiffError `port_in_use`, `address_invalid`
 */
export async function serveMetrics(registry: Registry, port: number, beside: string): Promise<MetricsServer> {
  const { collectDefaultMetrics } = await import('prom-client');
  // Sampled once a second, and only where metrics are served: the monitor wakes the process at every sample, by default a hundred times a second.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 1_000 });
  const server = createServer((request, response) => {
    if (request.url !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    registry.metrics().then(
      (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new AsyncDiffError('port_in_use', `port ${port} for metrics is in use`)
          : new AsyncDiffError('address_invalid', `cannot serve metrics at port ${port}: ${error.message}`, {
              hint: 'Ports below 1024 need privileges: choose a higher one.',
              cause: error,
            }),
      ),
    );
    server.listen({ port, host: parseAddress(beside).host }, () => {
      server.unref();
      resolve({ port: (server.address() as AddressInfo).port, close: () => server.close() });
    });
  });
}
