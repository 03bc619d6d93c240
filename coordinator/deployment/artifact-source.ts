import { createReadStream } from 'node:fs';
import { AsyncDiffError } from '../../common/errors/index.js';
import type { FileRange } from '../../common/model-file/index.js';
import type { ArtifactSource } from '../workers/index.js';

const CHUNK_BYTES = 1 << 18;

/** Graphs and tensors of a plan on the coordinator's disk, by content. */
export function artifactSource(artifacts: ReadonlyMap<string, FileRange>): ArtifactSource {
  return {
    read(sha256: string): AsyncIterable<Uint8Array> {
      const range = artifacts.get(sha256);
      if (range === undefined)
        throw new AsyncDiffError('internal', `artifact ${sha256.slice(0, 12)} is not part of the plan`);
      const { path, offsetBytes: start, lengthBytes } = range;
      const end = start + lengthBytes - 1;
      return createReadStream(path, { start, end, highWaterMark: CHUNK_BYTES }) as AsyncIterable<Uint8Array>;
    },
  };
}
