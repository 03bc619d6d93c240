import { constants, copyFileSync, linkSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AsyncDiffError } from '../../common/errors/index.js';
import { checkCancelled, openSession, SAME_BITS_CONFIG } from '../../execution/index.js';
import { liveNodes, orderNodes, producers, readsOf, writesOf } from '../../common/model-file/index.js';
import type { PredictorDescription } from './inputs.js';
import { type ModelFile, modelLabel } from '../../common/model-file/index.js';
import {
  decodeModel,
  encodeModel,
  type GraphProto,
  type ModelProto,
  type NodeProto,
} from '../../common/model-file/index.js';
import { nearest } from './near-names.js';
import type { ValueSpec } from '../../common/tensor/index.js';
import { writeStaticShapes } from './static-shapes.js';

/** A graph with static shapes, folded by ONNX Runtime; its weights lie in `folder`. */
export interface FoldedModel {
  readonly model: ModelProto;
  readonly folder: string;
}

const WEIGHTS_FILE = 'folded.bin';
/** Smaller weights stay inside the graph file. */
export const INLINE_WEIGHT_BYTES = 1024;

/**
 * Folds constants with ONNX Runtime, which takes the shape arithmetic of a torch export away (3,875 nodes become 1,459
 * on an SD-shaped U-Net). Changes `file.model`: static shapes, only the nodes that the noise prediction needs.
 *
 * @param keepValues Values that must survive: folding removes some (`x / 1.0` becomes `x`), so each is made an output first.
 * @param workFolder An empty folder, left behind with the folded weights in it.
 * @throws AsyncDiffError `partition_impossible` for a value to keep that the model does not compute, `model_invalid`.
 */
export async function foldModel(
  file: ModelFile,
  predictor: PredictorDescription,
  inputs: readonly ValueSpec[],
  keepValues: readonly string[],
  workFolder: string,
  signal?: AbortSignal,
): Promise<FoldedModel> {
  const { model } = file;
  const graph = model.graph ?? {};
  const outputName = predictor.output.name;
  checkKeepValues(graph, keepValues, outputName);
  writeStaticShapes(model, inputs);
  graph.node = liveNodes(graph.node ?? [], [outputName]);
  const written = producers(graph.node);
  graph.output = (graph.output ?? []).filter((output) => output.name === outputName);
  for (const name of new Set(keepValues)) {
    if (!written.has(name)) {
      throw new AsyncDiffError('partition_impossible', `the noise prediction does not depend on ${name}`);
    }
    if (name !== outputName) graph.output.push({ name });
  }

  const folder = join(workFolder, 'folded');
  const foldedPath = join(folder, 'folded.onnx');
  mkdirSync(folder);
  checkCancelled(signal);
  const session = await openSession(
    writeBesideWeights(file, join(workFolder, 'static')),
    modelLabel(file.path),
    {
      graphOptimizationLevel: 'basic',
      optimizedModelFilePath: foldedPath,
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      extra: {
        ...SAME_BITS_CONFIG,
        session: {
          optimized_model_external_initializers_file_name: WEIGHTS_FILE,
          optimized_model_external_initializers_min_size_in_bytes: String(INLINE_WEIGHT_BYTES),
        },
      },
    },
  );
  await session.release();
  checkCancelled(signal);

  const folded = decodeModel(readFileSync(foldedPath), foldedPath);
  tidyGraph(folded.graph ?? {}, written, outputName);
  checkKept(folded.graph ?? {}, keepValues);
  return { model: folded, folder };
}

/**
 * Writes the changed model into a folder with its external-data files beside it. They are hard links, or copies across
 * file systems: ONNX Runtime 1.30 refuses symbolic links that leave the model's folder.
 */
function writeBesideWeights(file: ModelFile, folder: string): string {
  mkdirSync(folder);
  const path = join(folder, 'asyncdiff-static.onnx');
  writeFileSync(path, encodeModel(file.model), { flag: 'wx' });
  for (const part of file.parts.slice(1)) {
    const target = join(folder, part.name);
    mkdirSync(dirname(target), { recursive: true });
    try {
      linkSync(part.path, target);
    } catch {
      copyFileSync(part.path, target, constants.COPYFILE_FICLONE);
    }
  }
  return path;
}

function checkKeepValues(graph: GraphProto, keepValues: readonly string[], outputName: string): void {
  const values = (graph.node ?? []).flatMap(writesOf);
  const known = new Set(values);
  for (const name of keepValues) {
    if (known.has(name)) continue;
    const given = [...(graph.input ?? []), ...(graph.initializer ?? [])].some((value) => value.name === name);
    if (given) {
      throw new AsyncDiffError(
        'partition_impossible',
        `${name} is an input or a weight: no node produces it, so no component can end there`,
      );
    }
    const near = nearest(name, values, 5);
    throw new AsyncDiffError(
      'partition_impossible',
      `the model has no value ${name}; near it: ${near.join(', ') || outputName}`,
    );
  }
}

/** Puts the nodes in the order of the original file, drops dead ones, and gives every node a name of its own. */
function tidyGraph(
  graph: GraphProto,
  originalProducers: ReadonlyMap<string, number>,
  outputName: string,
): void {
  const nodes = liveNodes(graph.node ?? [], [outputName]);
  graph.node = orderNodes(nodes, originalPositions(nodes, originalProducers));
  const names = new Set<string>();
  graph.node.forEach((node, index) => {
    const base = node.name || `${node.op_type ?? 'node'}_${index}`;
    let name = base;
    for (let copy = 1; names.has(name); copy++) name = `${base}#${copy}`;
    names.add(name);
    node.name = name;
  });
  graph.output = (graph.output ?? []).filter((output) => output.name === outputName);
  graph.value_info = [];
  const read = new Set(graph.node.flatMap(readsOf));
  graph.initializer = (graph.initializer ?? []).filter((tensor) => read.has(tensor.name ?? ''));
}

/**
 * Position of each folded node in the original file: that of the node which produced its first output (or another
 * one). A node that folding made up comes right after what it reads.
 */
function originalPositions(nodes: readonly NodeProto[], original: ReadonlyMap<string, number>): number[] {
  const position = new Map<string, number>();
  return nodes.map((node) => {
    const known = writesOf(node).flatMap((name) => original.get(name) ?? []);
    const inherited = readsOf(node).map((name) => position.get(name) ?? 0);
    const key = known[0] ?? Math.max(0, ...inherited);
    for (const name of writesOf(node)) position.set(name, key);
    return key;
  });
}

/** A value to keep can be a constant for these shapes: then ONNX Runtime keeps it, but as a weight. */
function checkKept(graph: GraphProto, keepValues: readonly string[]): void {
  const written = producers(graph.node ?? []);
  for (const name of keepValues) {
    if (!written.has(name)) {
      throw new AsyncDiffError(
        'partition_impossible',
        `${name} does not depend on any input at these shapes: no component can end there`,
      );
    }
  }
}
