import type { ValueSpec } from '../common/tensor/index.js';
import { sessionValueName } from '../program/index.js';
import type { ItemValues } from '../program/index.js';

/** Everything that an executor must know to run one segment; made by the planner, sent in `Deploy`. */
export interface SegmentSpec {
  readonly id: string;
  readonly component: number;
  readonly index: number;
  /** Segments with the same one (those of several micro-batches) share a session. */
  readonly session: string;
  /** 0-based part of the batch that it computes, of `microBatches`. */
  readonly microBatch: number;
  readonly microBatches: number;
  /** Content address of the segment's model; empty for a declared device. */
  readonly sha256: string;
  readonly sizeBytes: number;
  /** The session's inputs and outputs, by its own names; the names of reads and writes below carry the micro-batch where there are several. */
  readonly inputs: readonly ValueSpec[];
  readonly outputs: readonly ValueSpec[];
  /** Name of the latent input; empty if this segment does not read it. */
  readonly sampleInput: string;
  /** Name of the timestep input; empty if this segment does not read it. */
  readonly timestepInput: string;
  readonly conditioning: readonly string[];
  readonly localReads: readonly string[];
  readonly boundaryReads: readonly string[];
  readonly localWrites: readonly string[];
  readonly boundaryWrites: readonly string[];
  /** Name of the noise prediction; empty if another segment produces it. */
  readonly output: string;
  /** Of a single-pass model. */
  readonly item?: ItemValues | undefined;
  /** Time of a declared device, milliseconds before dilation; 0 for a real one. */
  readonly declaredMs: number;
}

/** Outputs of a segment's session, by its own names, that only later segments of its component read. */
export function innerValues(spec: SegmentSpec): string[] {
  const leaving = new Set([...spec.boundaryWrites, spec.output]);
  return spec.localWrites
    .filter((name) => !leaving.has(name))
    .map((name) => sessionValueName(name, spec.microBatches));
}
