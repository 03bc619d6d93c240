import type { DType } from '../../common/tensor/index.js';

/** A value of the graph: a graph input or the output of a node, with its static shape. Initializers are not values here. */
export interface GraphValue {
  readonly name: string;
  readonly dtype: DType;
  readonly dims: readonly number[];
  readonly bytes: number;
}

/** One node of the folded graph, in execution order. */
export interface GraphNode {
  readonly name: string;
  readonly opType: string;
  /** Values it reads (graph inputs and outputs of earlier nodes; initializers and empty inputs left out). */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Initializers it reads, by name. */
  readonly weights: readonly string[];
  /** Measured (or declared) time of one run on one device, milliseconds. */
  readonly costMs: number;
}

/**
 * What the partition needs to know about a noise predictor, and nothing else: the nodes in execution order, what each
 * costs, and the static shape of every value. Measured from a model (planner/model), or declared (execution/declared).
 */
export interface CostGraph {
  /** All graph inputs, `sampleInput` and `timestepInput` among them. */
  readonly inputs: readonly GraphValue[];
  /** The latent input: `sample` on a U-Net, `hidden_states` on a transformer. [batch, channels, ...] */
  readonly sampleInput: string;
  readonly timestepInput: string;
  /** The noise prediction (`out_sample`), same shape as the latent input. */
  readonly output: string;
  readonly nodes: readonly GraphNode[];
  /** Every value by name: graph inputs and node outputs. */
  readonly values: ReadonlyMap<string, GraphValue>;
  /** Bytes of each initializer, by name. */
  readonly weightBytes: ReadonlyMap<string, number>;
}
