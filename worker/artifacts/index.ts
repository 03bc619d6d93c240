export { ArtifactCache, defaultCacheDir } from './artifact-cache.js';
export {
  ArtifactFetch,
  COORDINATOR,
  type Lacking,
  type OpenStream,
  type Supplier,
} from './artifact-fetch.js';
export { ArtifactOffers, openJoinedStream, openPeerStream } from './artifact-links.js';
export type { FetchStream } from './artifact-stream.js';
export { type CachedArtifact, DEFAULT_CACHE_MAX_BYTES, listCache, pruneCache } from './cache-room.js';
