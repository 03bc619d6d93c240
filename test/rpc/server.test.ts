import { createServer } from 'node:net';
import { Client, credentials } from '@grpc/grpc-js';
import { service as healthService } from 'grpc-health-check';
import { afterEach, describe, expect, test } from 'vitest';
import {
  coordinatorService,
  formatAddress,
  openCoordinatorChannel,
  parseAddress,
  unary,
} from '../../rpc/index.js';
import { startServer, unaryHandler } from '../../rpc/server/index.js';

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const status = {
  definition: { GetStatus: coordinatorService().GetStatus },
  handlers: { GetStatus: unaryHandler(() => ({ model: 'emoji' })) },
};

async function start(listen: string) {
  const server = await startServer({ listen, services: [status], security: { insecure: true } });
  cleanups.push(() => server.close());
  return server;
}

describe('addresses', () => {
  test.each([
    ['127.0.0.1:50051', { host: '127.0.0.1', port: 50_051 }],
    ['gpu-3.lan:0', { host: 'gpu-3.lan', port: 0 }],
    ['[::1]:50051', { host: '::1', port: 50_051 }],
    ['[fe80::1%eth0]:1', { host: 'fe80::1%eth0', port: 1 }],
  ])('%s', (text, address) => {
    expect(parseAddress(text)).toEqual(address);
    expect(formatAddress(address)).toBe(text);
  });

  test.each([
    '',
    'host',
    ':50051',
    'host:',
    'host:65536',
    'host:-1',
    '::1:50051',
    '[localhost]:1',
    'http://host:1',
    'a b:1',
  ])("'%s' is refused", (text) => {
    expect(() => parseAddress(text)).toThrow(expect.objectContaining({ code: 'address_invalid' }));
  });
});

describe('startServer', () => {
  test.each(['127.0.0.1:0', 'localhost:0', '[::1]:0'])('serves at %s and says its port', async (listen) => {
    const { address } = await start(listen);
    expect(parseAddress(address).port).toBeGreaterThan(0);
    expect(parseAddress(address).host).toBe(parseAddress(listen).host);
    const client = openCoordinatorChannel(address);
    cleanups.push(() => client.close());
    expect(await unary(client, coordinatorService().GetStatus, {})).toMatchObject({ model: 'emoji' });
  });

  test('a port in use', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => void taken.close());
    const { port } = taken.address() as { port: number };
    for (const host of ['127.0.0.1', 'localhost', '0.0.0.0']) {
      await expect(start(`${host}:${port}`)).rejects.toMatchObject({ code: 'port_in_use', exitCode: 2 });
    }
  });

  test.each(['nonsense', 'no-such-host.invalid:0', '192.0.2.1:0'])(
    '%s is no address of this host',
    async (listen) => {
      await expect(start(listen)).rejects.toMatchObject({ code: 'address_invalid' });
    },
  );

  test('answers health checks and lists its services', async () => {
    const server = await start('127.0.0.1:0');
    const client = new Client(server.address, credentials.createInsecure());
    cleanups.push(() => client.close());
    const check = healthService['Check'] as ReturnType<typeof coordinatorService>['GetStatus'];
    const health = async (service: string) =>
      (await unary(client, check, { service })) as unknown as { status: string };
    expect(await health('')).toEqual({ status: 'SERVING' });
    expect(await health('asyncdiff.v1.Coordinator')).toEqual({ status: 'SERVING' });
    server.setHealth('NOT_SERVING');
    expect(await health('')).toEqual({ status: 'NOT_SERVING' });
    const listed = await new Promise<string>((resolve, reject) => {
      // Raw bytes: ServerReflectionRequest { list_services: "" } and what comes back, which names the services.
      const call = client.makeBidiStreamRequest(
        '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
        (bytes: Buffer) => bytes,
        (bytes: Buffer) => bytes.toString('latin1'),
      );
      call.on('data', resolve);
      call.on('error', reject);
      call.write(Buffer.from([0x3a, 0x00]));
      call.end();
    });
    expect(listed).toContain('asyncdiff.v1.Coordinator');
    expect(listed).toContain('grpc.health.v1.Health');
  });

  test('draining lets a running call end; closing does not; the port is free after both', async () => {
    for (const way of ['drain', 'close'] as const) {
      const release: (() => void)[] = [];
      const server = await startServer({
        listen: '127.0.0.1:0',
        services: [
          {
            definition: status.definition,
            handlers: {
              GetStatus: unaryHandler(async () => {
                await new Promise<void>((resolve) => release.push(resolve));
                return { model: 'late' };
              }),
            },
          },
        ],
      });
      const client = openCoordinatorChannel(server.address);
      cleanups.push(() => client.close());
      const call = unary(client, coordinatorService().GetStatus, {}).catch(
        (error: { code: string }) => error.code,
      );
      while (release.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
      const stopped = way === 'drain' ? server.drain(60_000) : server.close();
      if (way === 'drain') release[0]?.();
      expect(await call).toEqual(
        way === 'drain' ? expect.objectContaining({ model: 'late' }) : 'coordinator_unreachable',
      );
      await stopped;
      release[0]?.();
      await (await start(server.address)).close();
    }
  });

  test('an aborted signal closes it', async () => {
    const abort = new AbortController();
    const server = await startServer({ listen: '127.0.0.1:0', services: [status], signal: abort.signal });
    abort.abort();
    await server.close();
    await expect(
      startServer({ listen: '127.0.0.1:0', services: [], signal: abort.signal }),
    ).rejects.toMatchObject({
      code: 'cancelled',
    });
  });
});
