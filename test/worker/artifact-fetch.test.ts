import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { AsyncDiffError } from '../../common/errors/index.js';
import type { FileRange } from '../../common/model-file/index.js';
import { clientError, openCoordinatorChannel, openWorkerChannel, workerService } from '../../rpc/index.js';
import { bidiHandler, startServer } from '../../rpc/server/index.js';
import { ControlStream } from '../../rpc/streams/index.js';
import { ArtifactOffers, COORDINATOR, openPeerStream, type Supplier } from '../../worker/artifacts/index.js';
import { DeploymentSecrets } from '../../worker/exchange/index.js';
import {
  artifacts,
  dir,
  expectWhole,
  fetchAll,
  fromCoordinator,
  open,
  proxy,
  SECRET,
  shelf,
  startPeer,
  TOTAL,
  useArtifacts,
} from '../support/artifact-setting.js';

useArtifacts();

describe('fetching artifacts', () => {
  it('gets all of them, byte for byte, and asks for nothing the second time', async () => {
    const cacheDir = join(dir, 'cache');
    expectWhole(await fetchAll(cacheDir));
    const before = proxy.passedBytes;
    expectWhole(await fetchAll(cacheDir));
    expect(proxy.passedBytes - before).toBeLessThan(10_000);
  });

  it.each([1, 2, 3])(
    'cut at five points, of which some end the process: all bytes sent are at most 1.1 times the file (%i)',
    async (seed) => {
      const cacheDir = join(dir, 'cache');
      let random = seed * 7919;
      const next = (): number => (random = (random * 48_271) % 2_147_483_647) / 2_147_483_647;
      for (let cut = 0; cut < 5; cut++) {
        proxy.cutAfter(Math.ceil((next() * TOTAL) / 6));
        if (cut % 2 === 0) {
          // The worker goes on by itself; then its process ends: what it was told is gone, what is on disk is there.
          const ending = new AbortController();
          const fetching = fetchAll(cacheDir, { signal: ending.signal });
          setTimeout(() => ending.abort(), 60);
          await fetching.catch((error: AsyncDiffError) => expect(error.code).toBe('cancelled'));
        } else await fetchAll(cacheDir).catch((error: AsyncDiffError) => expect(error.retryable).toBe(true));
      }
      expectWhole(await fetchAll(cacheDir));
      expect(proxy.passedBytes).toBeLessThan(1.1 * TOTAL);
      expect(readdirSync(join(cacheDir, 'parts'))).toEqual([]);
    },
  );

  it('is told nothing without the secret, of another deployment, or of what is not in it', async () => {
    const refused = { code: 'permission_denied' };
    await expect(fetchAll(join(dir, 'a'), { secret: randomBytes(32) })).rejects.toMatchObject(refused);
    await expect(fetchAll(join(dir, 'a'), { wanted: ['a'.repeat(64)] })).rejects.toMatchObject(refused);
    shelf.remove('d');
    await expect(fetchAll(join(dir, 'a'))).rejects.toMatchObject(refused);
  });

  it('a model file that was changed while it was served is found out', async () => {
    writeFileSync(artifacts.values().next().value?.path ?? '', randomBytes(TOTAL));
    await expect(fetchAll(join(dir, 'cache'))).rejects.toMatchObject({
      code: 'worker_failed',
      message: expect.stringContaining('damaged'),
    });
  });

  it('another worker gives what it has, and what it is getting as soon as it has it', async () => {
    const late = new Map<string, Promise<FileRange>>();
    const peer = await startPeer((asked) => (sha256) => {
      asked.push(sha256);
      const range = artifacts.get(sha256) as FileRange;
      if (range.lengthBytes < 1_000_000) return range;
      const coming =
        late.get(sha256) ??
        new Promise((resolve) => {
          setTimeout(() => resolve(range), 20);
        });
      late.set(sha256, coming);
      return coming;
    });
    const before = proxy.passedBytes;
    const got = await fetchAll(join(dir, 'cache'), {
      suppliers: [{ id: 'p', open: () => openPeerStream(peer.server.address, {}) }, fromCoordinator()],
      from: ['p'],
    });
    expectWhole(got);
    expect(late.size).toBe(4);
    expect(proxy.passedBytes).toBe(before);
    expect(new Set(peer.asked)).toEqual(new Set(artifacts.keys()));
  });

  it('what another worker does not give, the coordinator does: one that is not there, refuses, or goes away', async () => {
    const small = [...artifacts].filter(([, { lengthBytes }]) => lengthBytes < 100_000).map(([name]) => name);
    const refusing = await startPeer(() => (sha256) => {
      if (small.includes(sha256)) return artifacts.get(sha256) as FileRange;
      throw new Error('not mine');
    });
    const gone = await startPeer(() => () => new Promise<FileRange>(() => undefined));
    const got = fetchAll(join(dir, 'cache'), {
      suppliers: [{ id: 'nowhere', open: () => openPeerStream('127.0.0.1:1', {}) }, fromCoordinator()],
      from: ['nowhere'],
    });
    expectWhole(await got);
    expectWhole(
      await fetchAll(join(dir, 'other'), {
        suppliers: [
          { id: 'refusing', open: () => openPeerStream(refusing.server.address, {}) },
          fromCoordinator(),
        ],
        from: ['refusing'],
      }),
    );
    const left = fetchAll(join(dir, 'third'), {
      suppliers: [{ id: 'gone', open: () => openPeerStream(gone.server.address, {}) }, fromCoordinator()],
      from: ['gone'],
    });
    setTimeout(() => void gone.server.close(), 100);
    expectWhole(await left);
  });

  it('a coordinator that has dialled opens the stream itself, when it hears that something is lacking', async () => {
    const secrets = new DeploymentSecrets();
    const offers = new ArtifactOffers(secrets);
    const handler = bidiHandler((stream, { metadata }) => offers.take(stream as never, metadata));
    const worker = await startServer({
      listen: '127.0.0.1:0',
      services: [{ definition: workerService(), handlers: { SupplyArtifacts: handler } }],
    });
    open.push(worker);
    const dial = (secret: Uint8Array): Promise<AsyncDiffError | undefined> => {
      shelf.add('d', { secret, artifacts });
      const channel = openWorkerChannel(worker.address, { ownConnection: true });
      open.push(channel);
      return new Promise((resolve) => {
        shelf.offer('d', (metadata) => {
          const call = channel.supplyArtifacts(metadata);
          call.once('error', (error) => resolve(clientError(error)));
          call.once('end', () => resolve(undefined));
          return new ControlStream(call);
        });
      });
    };
    // Nobody waits for it yet.
    expect(await dial(SECRET)).toMatchObject({ code: 'permission_denied' });
    secrets.admit('d', SECRET);
    const refused = new Promise((resolve) => {
      const supplier: Supplier = {
        id: COORDINATOR,
        open: (signal) =>
          offers.next(
            'd',
            () => {
              // A stranger first, who knows the deployment's name and not its secret.
              void dial(randomBytes(32)).then((error) => {
                resolve(error);
                return dial(SECRET);
              });
            },
            signal,
          ),
      };
      void fetchAll(join(dir, 'cache'), { suppliers: [supplier] }).then(expectWhole, (error: unknown) =>
        resolve(error),
      );
    });
    expect(await refused).toMatchObject({ code: 'permission_denied' });
    await expect
      .poll(() => readdirSync(join(dir, 'cache')).length, { timeout: 20_000 })
      .toBe(artifacts.size + 1);
  });

  it('an asker that does not read costs its supplier nothing: it reads no further than the network takes', async () => {
    const channel = openCoordinatorChannel(proxy.address, { settings: { windowBytes: 65_536 } });
    open.push(channel);
    const call = channel.fetchArtifacts();
    const ended = new Promise((resolve) => call.once('error', resolve));
    const [sha256 = ''] = [...artifacts].find(([, { lengthBytes }]) => lengthBytes === 9_000_000) ?? [];
    const before = readBytes();
    call.write({ claim: { workerId: 'w', deploymentId: 'd', secret: SECRET } });
    // 800 MB are asked for, at once: what comes says that all of it has arrived.
    const ranges = Array.from({ length: 800 }, (_, at) => ({
      sha256,
      offsetBytes: (at % 8) * 1_000_000,
      sizeBytes: 1_000_000,
    }));
    call.write({ ranges });
    await expect.poll(() => proxy.passedBytes, { interval: 1 }).toBeGreaterThan(50_000);
    // From here on nothing is read: what a paused call has not taken, grpc-js takes all the same.
    proxy.freeze();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(proxy.passedBytes).toBeLessThan(40_000_000);
    expect(readBytes() - before).toBeLessThan(40_000_000);
    call.cancel();
    await ended;
  });

  it('a coordinator that cannot be reached is told as that, after some tries', async () => {
    const { address } = proxy;
    proxy.close();
    const fetching = fetchAll(join(dir, 'cache'), { suppliers: [fromCoordinator(address)] });
    await expect(fetching).rejects.toMatchObject({ code: 'coordinator_unreachable' });
  });
});

/** What this process has read of files and sockets; 0 where the platform does not tell. */
function readBytes(): number {
  const path = '/proc/self/io';
  return existsSync(path) ? Number(/rchar: (\d+)/.exec(readFileSync(path, 'utf8'))?.[1]) : 0;
}
