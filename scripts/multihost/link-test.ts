// One end of the raw TCP measurement between two hosts, started by scripts/multihost/main.ts: it holds no gRPC.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { parseAddress } from '../../rpc/index.js';

export interface LinkTest {
  /** Payload that arrived per second, bits: headers take about 4 % of a link's rate. */
  readonly bitsPerSecond: number;
  /** Median and shortest of small messages there and back, milliseconds. */
  readonly roundTripMs: number;
  readonly shortestRoundTripMs: number;
}

const ROUND_TRIPS = 100;
/** Before that TCP may still be opening its window. */
const SKIPPED_PART = 0.25;

/** Answers `e` with an echo and a number with that many bytes. */
function serve(listen: string): void {
  const block = Buffer.alloc(1 << 18);
  const pour = async (socket: Socket, bytes: number): Promise<void> => {
    for (let left = bytes; left > 0; left -= block.byteLength)
      if (!socket.write(block.subarray(0, left))) await once(socket, 'drain');
    socket.end();
  };
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (request: Buffer) => {
      if (request.toString() === 'e') {
        socket.on('data', (chunk: Buffer) => socket.write(chunk));
        socket.write('e');
      } else void pour(socket, Number(request.toString())).catch(() => undefined);
    });
  });
  const { host, port } = parseAddress(listen);
  server.listen(port, host, () => process.stdout.write('ready\n'));
  process.stdin.on('end', () => process.exit()).resume();
}

async function dial(address: string): Promise<Socket> {
  const socket = connect({ ...parseAddress(address), noDelay: true });
  await once(socket, 'connect');
  return socket;
}

async function measure(address: string, bytes: number): Promise<LinkTest> {
  const echo = await dial(address);
  const times: number[] = [];
  for (let i = -2; i < ROUND_TRIPS; i++) {
    const startMs = performance.now();
    echo.write('e');
    await once(echo, 'data');
    if (i >= 0) times.push(performance.now() - startMs);
  }
  echo.destroy();
  const bulk = await dial(address);
  let received = 0;
  let from: { readonly bytes: number; readonly atMs: number } | undefined;
  let atMs = 0;
  bulk.on('data', (chunk: Buffer) => {
    received += chunk.byteLength;
    atMs = performance.now();
    if (from === undefined && received > bytes * SKIPPED_PART) from = { bytes: received, atMs };
  });
  bulk.write(String(bytes));
  await once(bulk, 'end');
  const start = from ?? { bytes: 0, atMs };
  times.sort((a, b) => a - b);
  return {
    bitsPerSecond: ((received - start.bytes) * 8000) / (atMs - start.atMs),
    roundTripMs: times[ROUND_TRIPS / 2] as number,
    shortestRoundTripMs: times[0] as number,
  };
}

const [role, address = '', bytes] = process.argv.slice(2);
if (role === 'server') serve(address);
else process.stdout.write(`${JSON.stringify(await measure(address, Number(bytes)))}\n`);
