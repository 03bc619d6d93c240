import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CostGraph, GraphNode, GraphValue } from '../search/index.js';
import type { OptimizationLevel } from '../../execution/index.js';
import { PACKED_GRAPH } from './pack-model.js';

/** A model that is ready to be cut: folded, profiled, and stored as one graph with its weights. */
export interface PreparedModel {
  /** Content address of the model that it was made from (see `hashModel`). */
  readonly modelSha256: string;
  /** Folder that holds it; it stays valid until it is deleted, and needs the original model no more. */
  readonly folder: string;
  /** The folded model, a whole ONNX model with external weights beside it. */
  readonly foldedModelPath: string;
  /** What the partition is made from; its inputs are the model's, at their static shapes. */
  readonly graph: CostGraph;
  /** Names of the inputs besides latents and timestep, in the model's order. */
  readonly conditioningInputs: readonly string[];
  /** Version of the default operator set. */
  readonly opset: number;
  readonly ortVersion: string;
  /** ONNX Runtime threads that the costs were measured with. */
  readonly threads: number;
  /** Level that the costs are for. */
  readonly optimizationLevel: OptimizationLevel;
  /** Nodes of the model as it came. */
  readonly originalNodeCount: number;
  /** Whether it was found on disk. */
  readonly fromCache: boolean;
}

/** Raise it when the meaning of a stored file changes: older ones are then prepared again. */
export const PREPARED_FORMAT = 1;

const MANIFEST = 'prepared.json';

type Manifest = Omit<PreparedModel, 'folder' | 'foldedModelPath' | 'fromCache' | 'graph'> & {
  readonly format: number;
  readonly graph: {
    readonly inputs: readonly string[];
    readonly sampleInput: string;
    readonly timestepInput: string;
    readonly output: string;
    readonly nodes: readonly GraphNode[];
    readonly values: readonly GraphValue[];
    readonly weightBytes: readonly (readonly [string, number])[];
  };
};

/** Writes what describes a prepared model, beside its graph and weights. */
export function writeManifest(
  folder: string,
  prepared: Omit<PreparedModel, 'folder' | 'foldedModelPath' | 'fromCache'>,
): void {
  const { graph } = prepared;
  const manifest: Manifest = {
    ...prepared,
    format: PREPARED_FORMAT,
    graph: {
      ...graph,
      inputs: graph.inputs.map((input) => input.name),
      values: [...graph.values.values()],
      weightBytes: [...graph.weightBytes],
    },
  };
  writeFileSync(join(folder, MANIFEST), JSON.stringify(manifest));
}

/** A prepared model from its folder; undefined if there is none, or one of another format. */
export function readPrepared(folder: string): PreparedModel | undefined {
  const path = join(folder, MANIFEST);
  if (!existsSync(path)) return undefined;
  const { format, graph, ...rest } = JSON.parse(readFileSync(path, 'utf8')) as Manifest;
  if (format !== PREPARED_FORMAT) return undefined;
  const values = new Map(graph.values.map((value) => [value.name, value]));
  const costGraph: CostGraph = {
    ...graph,
    inputs: graph.inputs.flatMap((name) => values.get(name) ?? []),
    values,
    weightBytes: new Map(graph.weightBytes),
  };
  return { ...rest, folder, foldedModelPath: join(folder, PACKED_GRAPH), graph: costGraph, fromCache: true };
}
