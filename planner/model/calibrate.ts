import { join } from 'node:path';
import type { InferenceSession } from 'onnxruntime-node';
import type { CostGraph } from '../search/index.js';
import { cutIntoChunks } from './chunks.js';
import { exportSegments, type SegmentArtifact, type SegmentSource } from './export-segment.js';
import {
  checkCancelled,
  type OptimizationLevel,
  openSession,
  SAME_BITS_CONFIG,
} from '../../execution/index.js';
import { profileInputs } from './profile-inputs.js';
import type { ProfileSettings } from './profile.js';

/** Fine enough to follow where a level gains, coarse enough that a run's own overhead does not count. */
const CHUNKS = 12;
/** No chunk may come near what one ONNX file holds. */
const MAX_CHUNK_WEIGHT_BYTES = 1e9;

/**
 * Corrects the measured costs for the level that segments run at. The profile times the folded nodes one by one; at a higher
 * level ONNX Runtime fuses them and picks other kernels, and gains more in some places than in others (blocked convolutions
 * at `all`). Its fused nodes cannot be traced back by name, so the graph is cut into chunks, these are timed
 * at that level, and the nodes of each chunk share its time in proportion to what the profile gave them.
 */
export async function calibrateCosts(
  prepared: SegmentSource,
  level: OptimizationLevel,
  settings: ProfileSettings,
  workFolder: string,
  signal?: AbortSignal,
): Promise<CostGraph> {
  const { graph } = prepared;
  const weightBytes = [...graph.weightBytes.values()].reduce((sum, bytes) => sum + bytes, 0);
  const chunks = cutIntoChunks(graph, Math.max(CHUNKS, Math.ceil(weightBytes / MAX_CHUNK_WEIGHT_BYTES)));
  const artifacts = await exportSegments(prepared, chunks, join(workFolder, 'chunks'));
  const times = await timeChain(artifacts, graph, level, settings, signal);
  const costs = graph.nodes.map((node) => node.costMs);
  chunks.segments.forEach((segment, at) => {
    const measured = times[at] ?? 0;
    for (const index of segment.nodes) {
      const share =
        segment.costMs > 0 ? (costs[index] ?? 0) / segment.costMs : 1 / Math.max(1, segment.nodes.length);
      costs[index] = measured * share;
    }
  });
  return { ...graph, nodes: graph.nodes.map((node, index) => ({ ...node, costMs: costs[index] ?? 0 })) };
}

/**
 * Shortest time of one run of each segment of a chain, milliseconds. The chain is run as a whole again and again, so that
 * what disturbs the machine disturbs all segments alike.
 */
async function timeChain(
  artifacts: readonly SegmentArtifact[],
  graph: CostGraph,
  level: OptimizationLevel,
  settings: ProfileSettings,
  signal?: AbortSignal,
): Promise<number[]> {
  const sessions: InferenceSession[] = [];
  try {
    for (const artifact of artifacts) {
      checkCancelled(signal);
      sessions.push(
        await openSession(artifact.path, artifact.segmentId, {
          graphOptimizationLevel: level,
          intraOpNumThreads: settings.threads,
          interOpNumThreads: 1,
          extra: SAME_BITS_CONFIG,
        }),
      );
    }
    const best = sessions.map(() => Number.POSITIVE_INFINITY);
    const inputs = profileInputs(graph.inputs, graph.timestepInput);
    const started = performance.now();
    for (let run = 0; run < settings.warmUpRuns + settings.maxRuns; run++) {
      const values = { ...inputs };
      for (const [at, session] of sessions.entries()) {
        checkCancelled(signal);
        const feeds = Object.fromEntries(
          session.inputNames.flatMap((name) => (values[name] ? [[name, values[name]]] : [])),
        );
        const before = performance.now();
        const result = await session.run(feeds);
        if (run >= settings.warmUpRuns) best[at] = Math.min(best[at] ?? 0, performance.now() - before);
        Object.assign(values, result);
      }
      const enough = run + 1 >= settings.warmUpRuns + settings.minRuns;
      if (enough && performance.now() - started > settings.budgetMs) break;
    }
    return best;
  } finally {
    for (const session of sessions) await session.release();
  }
}
