import type { CarriedState } from '../../program/index.js';
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

/** A model that is run once for each item of a list, instead of step after step. */
export interface SinglePass {
  /** Graph inputs that change from item to item, those of states not among them. */
  readonly inputs: readonly string[];
  /** Outputs that are wanted, in the model's order, states not among them. */
  readonly outputs: readonly string[];
  readonly states: readonly CarriedState[];
}

/**
 * What the partition needs to know about a noise predictor, and nothing else: the nodes in execution order, what each
 * costs, and the static shape of every value. Measured from a model (planner/model), or declared (execution/declared).
 */
export interface CostGraph {
  /** All graph inputs, `sampleInput` and `timestepInput` among them. */
  readonly inputs: readonly GraphValue[];
  /** The latent input: `sample` on a U-Net, `hidden_states` on a transformer. [batch, channels, ...] Empty in a single-pass model. */
  readonly sampleInput: string;
  /** Empty in a single-pass model. */
  readonly timestepInput: string;
  /** The noise prediction (`out_sample`), same shape as the latent input; of a single-pass model, the value that is made last of those wanted. */
  readonly output: string;
  readonly singlePass?: SinglePass | undefined;
  readonly nodes: readonly GraphNode[];
  /** Every value by name: graph inputs and node outputs. */
  readonly values: ReadonlyMap<string, GraphValue>;
  /** Bytes of each initializer, by name. */
  readonly weightBytes: ReadonlyMap<string, number>;
}

/** Inputs that change from step to step, or from item to item: what depends on them is cut. */
export function changingInputs({ sampleInput, singlePass }: CostGraph): string[] {
  if (singlePass === undefined) return [sampleInput];
  return [...singlePass.inputs, ...singlePass.states.map(({ input }) => input)];
}

/** Values that are wanted. */
export function wantedValues({ output, singlePass }: Pick<CostGraph, 'output' | 'singlePass'>): string[] {
  if (singlePass === undefined) return [output];
  return [...new Set([...singlePass.outputs, ...singlePass.states.map(({ value }) => value)])];
}
