import type { PartOrder } from '../../protocol/index.js';

/** A part of a deployment with nothing in it. */
export function emptyOrder(deploymentId: string): PartOrder {
  return {
    deploymentId,
    segments: [],
    routes: new Map(),
    relayedTo: new Set(),
    relayWindowBytes: 0,
    clock: { roundMs: 0, stepMs: 0 },
    producers: [],
    artifacts: [],
    suppliers: [],
    gives: [],
    optimizationLevel: 'extended',
    measure: { windowMs: 0 },
    secret: new Uint8Array(),
  };
}
