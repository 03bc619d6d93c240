import { type DType, tensorBytes } from '../../common/tensor/index.js';
import type { GraphValue } from '../../planner/search/index.js';
import type { Kernel } from './kernels.js';

/** One node of an architecture: what it reads and makes, how many parameters it holds, and the kernels that it runs. */
export interface ArchitectureNode {
  readonly name: string;
  readonly opType: string;
  readonly inputs: readonly string[];
  /** The one value that it makes; it has the node's name. */
  readonly output: string;
  readonly params: number;
  readonly kernels: readonly Kernel[];
}

/** A model known from its published configuration: exact shapes and parameters, no weights and no times yet. */
export interface ArchitectureGraph {
  readonly inputs: readonly GraphValue[];
  readonly nodes: readonly ArchitectureNode[];
  readonly values: ReadonlyMap<string, GraphValue>;
}

interface NodeSpec {
  readonly opType: string;
  readonly inputs: readonly string[];
  readonly dims: readonly number[];
  readonly params?: number;
  readonly kernels: readonly Kernel[];
}

/** Collects the nodes of an architecture in the order in which the model runs them. */
export class GraphBuilder {
  readonly #inputs: GraphValue[] = [];
  readonly #nodes: ArchitectureNode[] = [];
  readonly #values = new Map<string, GraphValue>();

  /** Adds a graph input and returns its name. */
  input(name: string, dtype: DType, dims: readonly number[]): string {
    this.#inputs.push(this.#value(name, dtype, dims));
    return name;
  }

  /** Adds a node that makes a float16 value of its own name, and returns that name. Its inputs must exist. */
  node(name: string, spec: NodeSpec): string {
    for (const input of spec.inputs) {
      if (!this.#values.has(input)) throw new Error(`architecture: ${name} reads ${input} before it exists`);
    }
    this.#value(name, 'float16', spec.dims);
    const { opType, inputs, params = 0, kernels } = spec;
    this.#nodes.push({ name, opType, inputs, output: name, params, kernels });
    return name;
  }

  build(): ArchitectureGraph {
    return { inputs: this.#inputs, nodes: this.#nodes, values: this.#values };
  }

  #value(name: string, dtype: DType, dims: readonly number[]): GraphValue {
    if (this.#values.has(name)) throw new Error(`architecture: two values are named ${name}`);
    const value = { name, dtype, dims, bytes: tensorBytes(dtype, dims) };
    this.#values.set(name, value);
    return value;
  }
}
