import { onTestFinished } from 'vitest';
import { startDelayProxy } from '../../scripts/delay-proxy.js';
import { coordinatorService, openCoordinatorChannel } from '../../rpc/index.js';
import { startServer } from '../../rpc/server/index.js';

type Handlers = Record<string, unknown>;

/** A coordinator of these handlers behind a proxy, and a channel to it, all closed after the test. */
export async function connect(handlers: Handlers) {
  const server = await startServer({
    listen: '127.0.0.1:0',
    services: [
      {
        definition: Object.fromEntries(
          Object.entries(coordinatorService()).filter(([name]) => name in handlers),
        ),
        handlers: handlers as never,
      },
    ],
  });
  onTestFinished(() => server.close());
  const proxy = await startDelayProxy({ to: server.address, delayMs: 0 });
  onTestFinished(() => proxy.close());
  const client = openCoordinatorChannel(proxy.address);
  onTestFinished(() => client.close());
  return { server, proxy, client };
}

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}
