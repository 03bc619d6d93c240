import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import type { FileRange } from '../../common/model-file/index.js';
import { ArtifactShelf } from '../../coordinator/deployment/artifact-shelf.js';
import { coordinatorService, workerService } from '../../rpc/index.js';
import { bidiHandler, type RunningServer, startServer } from '../../rpc/server/index.js';
import { ArtifactSupply, type FindArtifact } from '../../rpc/streams/index.js';
import {
  ArtifactCache,
  ArtifactFetch,
  COORDINATOR,
  openJoinedStream,
  type Supplier,
} from '../../worker/artifacts/index.js';
import { FaultyLink } from '../../scripts/chaos/faulty-link.js';
import { tempFolder } from './temp-folder.js';

export const SECRET = randomBytes(32);
export const sizes = [3_000_000, 1, 700_000, 65_536, 5_000_000, 4_000, 9_000_000, 1_000_000];
export const TOTAL = sizes.reduce((sum, size) => sum + size, 0);

interface Side {
  readonly server: RunningServer;
  /** What is asked of it, by SHA-256. */
  readonly asked: string[];
}

export let dir: string;
export let artifacts: Map<string, FileRange>;
export let shelf: ArtifactShelf;
export let coordinator: RunningServer;
export let proxy: FaultyLink;
export const open: { close(): unknown }[] = [];

export function modelFile(folder: string): Map<string, FileRange> {
  const bytes = randomBytes(TOTAL);
  const path = join(folder, 'model.onnx_data');
  writeFileSync(path, bytes);
  let offsetBytes = 0;
  return new Map(
    sizes.map((lengthBytes) => {
      const own = bytes.subarray(offsetBytes, offsetBytes + lengthBytes);
      const range = { path, offsetBytes, lengthBytes };
      offsetBytes += lengthBytes;
      return [createHash('sha256').update(own).digest('hex'), range];
    }),
  );
}

/** Gives each test of a file a model, a coordinator that has it, and a link to that which can fail. */
export function useArtifacts(): void {
  beforeEach(async () => {
    dir = tempFolder();
    artifacts = modelFile(dir);
    shelf = new ArtifactShelf();
    shelf.add('d', { secret: SECRET, artifacts });
    coordinator = await startServer({
      listen: '127.0.0.1:0',
      services: [
        {
          definition: coordinatorService(),
          handlers: { FetchArtifacts: bidiHandler((stream) => shelf.serve(stream as never)) },
        },
      ],
    });
    proxy = await FaultyLink.open(coordinator.address);
    open.push(coordinator, proxy);
  });

  afterEach(async () => {
    for (const each of open.splice(0)) await each.close();
  });
}

export async function startPeer(find: (asked: string[]) => FindArtifact): Promise<Side> {
  const asked: string[] = [];
  const server = await startServer({
    listen: '127.0.0.1:0',
    services: [
      {
        definition: workerService(),
        handlers: {
          FetchArtifacts: bidiHandler((stream) => {
            new ArtifactSupply(stream as never, { admit: () => find(asked) }).serve();
          }),
        },
      },
    ],
  });
  open.push(server);
  return { server, asked };
}

export const fromCoordinator = (address = proxy.address): Supplier => ({
  id: COORDINATOR,
  open: () => openJoinedStream(address, {}),
});

interface FetchOptions {
  readonly suppliers?: readonly Supplier[];
  readonly signal?: AbortSignal;
  readonly secret?: Buffer;
  readonly from?: readonly string[];
  readonly wanted?: readonly string[];
}

/** What a worker with such a cache gets of it. */
export async function fetchAll(
  cacheDir: string,
  {
    suppliers = [fromCoordinator()],
    signal = new AbortController().signal,
    secret = SECRET,
    from = [],
    wanted = [...artifacts.keys()],
  }: FetchOptions = {},
): Promise<Map<string, FileRange>> {
  const got = new Map<string, FileRange>();
  const cache = new ArtifactCache(cacheDir);
  const lacking = wanted.map((sha256) => ({
    sha256,
    sizeBytes: artifacts.get(sha256)?.lengthBytes ?? 10,
    suppliers: from,
  }));
  await new ArtifactFetch(lacking, {
    workerId: 'w',
    deploymentId: 'd',
    secret,
    cache,
    suppliers: new Map(suppliers.map((each) => [each.id, each])),
    onWhole: (sha256, range) => got.set(sha256, range),
    onProgress: (bytes) => expect(bytes).toBeLessThanOrEqual(TOTAL),
    signal,
  }).run();
  return got;
}

export function expectWhole(got: ReadonlyMap<string, FileRange>): void {
  expect([...got.keys()].sort()).toEqual([...artifacts.keys()].sort());
  for (const [sha256, { path }] of got)
    expect(createHash('sha256').update(readFileSync(path)).digest('hex')).toBe(sha256);
}
