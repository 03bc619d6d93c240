import { createReadStream } from 'node:fs';
import { AsyncDiffError } from '../../common/errors/index.js';
import type { ArtifactSource } from '../workers/index.js';

const CHUNK_BYTES = 1 << 20;

/** Segment models on the coordinator's disk, by content. */
export function artifactSource(paths: ReadonlyMap<string, string>): ArtifactSource {
  return {
    read(sha256: string): AsyncIterable<Uint8Array> {
      const path = paths.get(sha256);
      if (path === undefined)
        throw new AsyncDiffError('internal', `segment ${sha256.slice(0, 12)} is not part of the plan`);
      return createReadStream(path, { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Uint8Array>;
    },
  };
}
