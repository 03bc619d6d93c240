/**
 * What mutual TLS costs in processor time: 1 GiB of tensors of 4 MiB from one process to another over loopback, through the exchange of
 * workers without shared memory, in plain text and under TLS in turn. `npm run bench:tls`
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { makeCa, makeHostCertificate } from '../cli/development-ca.js';
import { float32 } from '../common/tensor/index.js';
import { type LinkSecurity, PLAINTEXT, workerService } from '../rpc/index.js';
import { startServer } from '../rpc/server/index.js';
import { ExchangeClient, ExchangeServer } from '../worker/exchange/index.js';

const TENSOR_BYTES = 4 * 2 ** 20;
const TENSORS = 256;
/** Before anything is counted: code is compiled, windows are open. */
const WARM_UP_TENSORS = 16;
const PAIRS = 4;

type Pem = { readonly ca: string; readonly certificate: string; readonly key: string };

function securityOf(pem: Pem | undefined): LinkSecurity {
  if (pem === undefined) return PLAINTEXT;
  const identity = { certificate: Buffer.from(pem.certificate), key: Buffer.from(pem.key) };
  return { tls: { ca: Buffer.from(pem.ca), identity, mutual: true } };
}

function cpuSeconds(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1e6;
}

async function produce(security: LinkSecurity): Promise<void> {
  const exchange = new ExchangeServer({ producerId: () => 'p' });
  const definition = { Exchange: workerService().Exchange };
  const services = [{ definition, handlers: { Exchange: exchange.handler } }];
  const { address } = await startServer({ listen: '127.0.0.1:0', services, security });
  const tensor = float32(new Float32Array(TENSOR_BYTES / 4), [TENSOR_BYTES / 4]);
  const send = async (count: number): Promise<void> => {
    for (let version = 0; version < count; version++)
      await exchange.publish('d', 'c', tensor, { jobId: 'j', attempt: 1, name: 'h', version, sentUs: 0 });
  };
  process.on('message', () => {
    void (async () => {
      await send(WARM_UP_TENSORS);
      const since = process.cpuUsage();
      await send(TENSORS);
      process.send?.(cpuSeconds(since));
    })();
  });
  process.send?.(address);
}

async function consume(address: string, security: LinkSecurity): Promise<void> {
  let received = 0;
  let since = process.cpuUsage();
  await ExchangeClient.connect({
    address,
    workerId: 'c',
    producerId: 'p',
    deploymentId: 'd',
    onTensor: () => {
      received += 1;
      if (received === WARM_UP_TENSORS) since = process.cpuUsage();
      if (received === WARM_UP_TENSORS + TENSORS) process.send?.(cpuSeconds(since));
    },
    onLost: () => undefined,
    link: { security },
  });
  process.send?.('ready');
}

function start(role: string, pem: Pem | undefined, address = ''): ChildProcess {
  const argument = JSON.stringify({ role, pem, address });
  return fork(fileURLToPath(import.meta.url), [argument], { execArgv: ['--no-incremental-marking'] });
}

function next(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve) => child.once('message', resolve));
}

async function measure(pem: Pem | undefined): Promise<[producer: unknown, consumer: unknown]> {
  const producer = start('produce', pem);
  const consumer = start('consume', pem, (await next(producer)) as string);
  await next(consumer);
  const both = Promise.all([next(producer), next(consumer)]);
  producer.send('go');
  const seconds = await both;
  consumer.kill();
  producer.kill();
  return seconds;
}

const [argument] = process.argv.slice(2);
if (argument === undefined) {
  const ca = await makeCa();
  const host = await makeHostCertificate(ca, { name: 'host', names: ['127.0.0.1'] }, 1);
  const pem = { ca: ca.certificate, ...host };
  for (let pair = 0; pair < PAIRS; pair++) {
    for (const [how, shown] of [
      ['plain', undefined],
      ['tls', pem],
    ] as const) {
      const [producer, consumer] = await measure(shown);
      process.stdout.write(
        `${JSON.stringify({ how, producer_cpu_seconds: producer, consumer_cpu_seconds: consumer })}\n`,
      );
    }
  }
} else {
  const { role, pem, address } = JSON.parse(argument) as { role: string; pem?: Pem; address: string };
  await (role === 'produce' ? produce(securityOf(pem)) : consume(address, securityOf(pem)));
}
