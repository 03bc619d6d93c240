import { onTestFinished } from 'vitest';
import type { Tensor } from '../../common/tensor/index.js';
import {
  ExchangeClient,
  type ExchangeClientOptions,
  ExchangeServer,
  type ExchangeServerOptions,
} from '../../worker/exchange/index.js';
import { workerService } from '../../rpc/index.js';
import type { ReceivedMeta } from '../../rpc/streams/index.js';
import { startServer } from '../../rpc/server/index.js';

type Arrival = { tensor: Tensor; meta: ReceivedMeta };

export async function producer(options: Partial<ExchangeServerOptions> = {}) {
  const exchange = new ExchangeServer({ producerId: () => 'p', ...options });
  const running = await startServer({
    listen: '127.0.0.1:0',
    services: [
      {
        definition: workerService(),
        handlers: { Exchange: exchange.handler, Attach: (call: { end(): void }) => call.end() },
      },
    ],
  });
  onTestFinished(() => running.close());
  return { exchange, running };
}

export async function consumer(address: string, options: Partial<ExchangeClientOptions> = {}) {
  const arrivals: Arrival[] = [];
  const lost: Error[] = [];
  const client = await ExchangeClient.connect({
    address,
    workerId: 'c',
    producerId: 'p',
    deploymentId: 'plan',
    onTensor: (tensor, meta) => void arrivals.push({ tensor, meta }),
    onLost: (error) => void lost.push(error),
    ...options,
  });
  onTestFinished(() => client.close());
  return { client, arrivals, lost };
}
