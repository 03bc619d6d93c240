export { balancedCut } from './balanced-cuts.js';
export { boundaryBytes, componentShares, sampleDependent } from './cut-bytes.js';
export { A5000, costGraph, rooflineMs } from './device-cost.js';
export { makeProfile, makePublishedProfile, publishedShare } from './make-profile.js';
export {
  assignByCuts,
  OFFICIAL_SPLITS,
  officialAssignment,
  officialBroadcastBytes,
} from './official-splits.js';
export { deviceReport } from './report.js';
export { buildUnet } from './unet-architecture.js';
export { type ArchitectureName, ARCHITECTURES } from './unet-config.js';
