export { balancedCut, type BalancedCut } from './balanced-cuts.js';
export { boundaryBytes, componentShares, sampleDependent } from './cut-bytes.js';
export { A5000, costGraph, type DeviceRates, kernelMs, kernelsMs, rooflineMs } from './device-cost.js';
export { type ArchitectureGraph, parameterCount } from './graph-builder.js';
export {
  makeProfile,
  makePublishedProfile,
  type MeasuredProfile,
  publishedShare,
  type PublishedShare,
} from './make-profile.js';
export {
  assignByCuts,
  type CutPositions,
  OFFICIAL_SPLITS,
  officialAssignment,
  officialBroadcastBytes,
  type OfficialSplit,
} from './official-splits.js';
export { deviceReport } from './report.js';
export { buildUnet, type UnetRequest } from './unet-architecture.js';
export { type ArchitectureName, ARCHITECTURES, type UnetConfig } from './unet-config.js';
