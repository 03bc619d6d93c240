import { AsyncDiffError } from '../../common/errors/index.js';
import { isSecret } from '../../common/secret.js';
import { type LinkOptions, messages, openWorkerChannel, type WorkerChannel } from '../../rpc/index.js';
import type { Peer } from '../../protocol/index.js';
import type { ProbeChunk } from '../../rpc/gen/asyncdiff/v1/ProbeChunk.js';
import type { ProbedLink } from '../../rpc/gen/asyncdiff/v1/ProbedLink.js';
import type { ProbeRequest__Output } from '../../rpc/gen/asyncdiff/v1/ProbeRequest.js';
import { serverStreamHandler } from '../../rpc/server/index.js';

const CHUNK_BYTES = 1 << 20;
/** Opens the window of the connection, and tells how long a bulk transfer may be. */
const FIRST_BYTES = 1 << 20;
/** Bytes of a bulk transfer: a fast link's window a few times. */
const MAX_BULK_BYTES = 16 << 20;
/** Eight workers have 56 links, measured one after another: a slow link gets no more than about this. */
const BULK_MS = 250;
const MAX_BYTES = 64 << 20;
const ROUND_TRIPS = 5;

/**
 * Handler of Worker.Probe: sends the bytes that were asked for.
 *
 * @param peerSecret what the workers of this worker's coordinator show; undefined while it has none
 */
export const probeHandler = (peerSecret: () => Uint8Array | undefined) =>
  serverStreamHandler(
    async ({ sizeBytes, secret }: ProbeRequest__Output, send: (chunk: ProbeChunk) => Promise<void>) => {
      if (!isSecret(peerSecret(), secret)) {
        throw new AsyncDiffError(
          'permission_denied',
          'only workers of the same coordinator may measure this link',
          {
            hint: 'Start both workers with the same coordinator (--join).',
          },
        );
      }
      if (sizeBytes > MAX_BYTES)
        throw new AsyncDiffError('invalid_input', `a probe of ${sizeBytes} bytes; at most ${MAX_BYTES}`);
      const chunk = Buffer.alloc(CHUNK_BYTES, 1);
      let leftBytes = sizeBytes;
      do {
        const take = Math.min(leftBytes, CHUNK_BYTES);
        await send({ data: chunk.subarray(0, take) });
        leftBytes -= take;
      } while (leftBytes > 0);
    },
  );

/** The measurement of one link ends after this: a link that has not carried its bytes by then is as good as none. */
const MAX_PROBE_MS = 5_000;

/**
 * Measures the links from these workers to this one, one after another: shortest of five round trips, then a bulk transfer. A link
 * that does not work within {@link MAX_PROBE_MS} is told without times.
 */
export async function probeLinks(
  producers: readonly Pick<Peer, 'workerId' | 'address'>[],
  link: LinkOptions,
  secret: Uint8Array,
): Promise<ProbedLink[]> {
  const links: ProbedLink[] = [];
  for (const { workerId: producerId, address } of producers) {
    const client = openWorkerChannel(address, link);
    try {
      links.push({ producerId, ...(await probeLink(client, secret, AbortSignal.timeout(MAX_PROBE_MS))) });
    } catch {
      links.push({ producerId });
    } finally {
      client.close();
    }
  }
  return links;
}

async function probeLink(
  client: WorkerChannel,
  secret: Uint8Array,
  signal: AbortSignal,
): Promise<Omit<ProbedLink, 'producerId'>> {
  await receive(client, { sizeBytes: 0, secret }, signal);
  let roundTripMs = Number.POSITIVE_INFINITY;
  for (let i = 0; i < ROUND_TRIPS; i++)
    roundTripMs = Math.min(roundTripMs, await receive(client, { sizeBytes: 0, secret }, signal));
  const firstMs = await receive(client, { sizeBytes: FIRST_BYTES, secret }, signal);
  const wanted = FIRST_BYTES * (BULK_MS / Math.max(0.01, firstMs - roundTripMs));
  const bulkBytes = Math.round(Math.min(MAX_BULK_BYTES, Math.max(FIRST_BYTES, wanted)));
  const bulkMs = await receive(client, { sizeBytes: bulkBytes, secret }, signal);
  return { roundTripMs, bytesPerSecond: bulkBytes / (Math.max(0.01, bulkMs - roundTripMs) / 1000) };
}

/** Milliseconds from asking for bytes to having them. */
async function receive(
  client: WorkerChannel,
  { sizeBytes, secret }: { readonly sizeBytes: number; readonly secret: Uint8Array },
  signal: AbortSignal,
): Promise<number> {
  const startMs = performance.now();
  const chunks = messages(client.probe({ sizeBytes, secret: Buffer.from(secret) }), {
    unreachable: 'peer_unreachable',
    signal,
  });
  for await (const chunk of chunks) void chunk;
  return performance.now() - startMs;
}
