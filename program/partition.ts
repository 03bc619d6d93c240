import type { DType } from '../common/tensor/index.js';
import type { Halves } from './guidance-split.js';

/** What one run of a single-pass model leaves for the next one. */
export interface CarriedState {
  /** The graph input that it is fed as. */
  readonly input: string;
  /** The value of the graph that it is, as the item before made it. */
  readonly value: string;
}

/** What a segment of a single-pass model has, besides what every segment has. */
export interface ItemValues {
  /** Graph inputs that change from item to item, of those that it reads. */
  readonly inputs: readonly string[];
  /** Outputs of the model that it makes. */
  readonly outputs: readonly string[];
  /** States of the item before that it reads. */
  readonly states: readonly CarriedState[];
  /** Values that it makes which are states of the item after. */
  readonly carries: readonly string[];
}

/**
 * A run of consecutive nodes of one component that is one ONNX Runtime session. A component has one segment, or
 * several where it is U-shaped (head and tail of a U-Net) or micro-cut (so that outputs leave as soon as they exist).
 */
export interface Segment {
  /** `c<component>s<index>`, e.g. `c2s0`; unique in the partition. */
  readonly id: string;
  /** 1-based component that it belongs to. */
  readonly component: number;
  /** 0-based position within its component. */
  readonly index: number;
  /** Id of the session that computes it, e.g. `c2s0`: its own id, but where a batch is computed in micro-batches. */
  readonly session: string;
  /** 0-based micro-batch that it computes; 0 where the batch is computed as a whole. */
  readonly microBatch: number;
  /** Indexes into CostGraph.nodes, ascending: own nodes and replicated ones. */
  readonly nodes: readonly number[];
  /**
   * Of `nodes`, those that are computed again here: what depends on timestep or conditioning only, and what `recomputes`
   * takes.
   */
  readonly replicatedNodes: readonly number[];
  /** Whether it reads the latent input. */
  readonly readsSample: boolean;
  readonly readsTimestep: boolean;
  /** Conditioning inputs that it reads, by graph-input name. */
  readonly conditioning: readonly string[];
  /** Values of earlier segments of the SAME component that it reads: fresh, never sent. */
  readonly localReads: readonly string[];
  /** Boundary tensors that it reads, by name. */
  readonly boundaryReads: readonly string[];
  /** Values that later segments of the same component read. */
  readonly localWrites: readonly string[];
  /** Boundary tensors that it produces, by name, in the order in which they should be sent: soonest needed first. */
  readonly boundaryWrites: readonly string[];
  /** Values of other components that it makes from the latents instead of receiving them: fresh in every round. */
  readonly recomputes: readonly string[];
  /** Whether it produces the noise prediction; of a single-pass model, the output that is made last. */
  readonly writesOutput: boolean;
  /** Single-pass models only. */
  readonly item?: ItemValues | undefined;
  /** Sum of the measured cost of its nodes, milliseconds. */
  readonly costMs: number;
  /** Bytes of the initializers that its nodes read. */
  readonly weightBytes: number;
}

/** A value that one component produces and another consumes. Sent once to each worker that consumes it. */
export interface BoundaryTensor {
  /** The value's name; with a narrower wire type `<value>:<wire dtype>`, which is also the session's input and output name. */
  readonly name: string;
  /** The value of the graph that it carries. */
  readonly value: string;
  /** Element type on the wire (float16 with `--wire-dtype float16`). */
  readonly dtype: DType;
  readonly dims: readonly number[];
  /** Bytes on the wire. */
  readonly bytes: number;
  /** 1-based component that produces it. */
  readonly producer: number;
  /** 1-based components that read it, ascending. */
  readonly consumers: readonly number[];
  /** Rounds between producing and consuming in asynchronous rounds: 1 (AsyncDiff), or 2 on a lagged ring cut. */
  readonly lag: 1 | 2;
}

/** A part of the noise predictor that one device runs. */
export interface Component {
  /** 1-based, in order of execution of their last node; component N (of each half) produces the noise prediction. */
  readonly index: number;
  readonly costMs: number;
  /** costMs over the cost of the whole predictor. Replicated nodes count in each component, so shares may sum to over 1. */
  readonly share: number;
  readonly weightBytes: number;
  readonly nodeCount: number;
}

/** A noise predictor cut into N components, which stand twice where guidance is split. */
export interface Partition {
  readonly components: readonly Component[];
  /** All segments, in an order in which a synchronous step may run them (every read is written earlier). */
  readonly segments: readonly Segment[];
  readonly boundaryTensors: readonly BoundaryTensor[];
  /**
   * Values whose producing node ends a component's piece, in order of execution, micro-cuts left out. For a `sequential`
   * shape `--cut` takes them to make the same components again.
   */
  readonly cuts: readonly string[];
  /** `sequential`: components are consecutive. `u-shaped`: component N holds the head and the tail. */
  readonly shape: 'sequential' | 'u-shaped';
  readonly sampleInput: string;
  readonly timestepInput: string;
  readonly output: string;
  /** A single-pass model's: steps are items of a list, which do not depend on each other but for these states. Undefined: a noise predictor's. */
  readonly carried?: readonly CarriedState[] | undefined;
  /** Micro-batches that a batch is computed in; 1: as a whole. Costs, dims and bytes of segments and tensors are of one of them. */
  readonly microBatches: number;
  /** Guidance split: 2 where components 1..N compute the first half of the micro-batches, and N+1..2N the second. */
  readonly halves: Halves;
  /** Bytes that every module's output would take per round if broadcast as the official code does (see docs/benchmarks.md). */
  readonly broadcastBytes: number;
}
