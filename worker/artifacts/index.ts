export { ArtifactCache, defaultCacheDir } from './artifact-cache.js';
export {
  ArtifactFetch,
  COORDINATOR,
  type Lacking,
  type OpenStream,
  type Supplier,
} from './artifact-fetch.js';
export { ArtifactOffers, openJoinedStream, openPeerStream } from './artifact-links.js';
export { listCache, pruneCache } from './cache-room.js';
