import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolderSync } from '../../common/make-folder.js';
import {
  decodeModel,
  encodeModel,
  onnxTypeOf,
  readsOf,
  tensorDims,
  writesOf,
} from '../../common/model-file/index.js';
import { temporaryName } from '../../common/temporary-file.js';
import { openSession } from '../../execution/index.js';
import type { FoldedSkeleton } from './fold-constants.js';
import { HALF_KERNELS } from './half-rounding.js';
import { widen, widenNode, widenTensor } from './retype.js';
import type { Skeleton } from './skeleton.js';

/**
 * Float16 values of the model as it came whose shape something asks for in every run, of those that nodes with a float16 kernel make (see shape-readers.ts).
 * ONNX Runtime says so itself: it is given the graph with open shapes, without weights and in float32 (in float16 it takes 20 s for SDXL to put its casts around
 * the nodes), and what is left of it is looked at. Only models that may have such a value cost a session.
 *
 * @param workDir for what ONNX Runtime writes
 */
export async function shapeReads(
  start: Skeleton,
  { skeleton, values }: FoldedSkeleton,
  label: string,
  workDir: string,
): Promise<ReadonlySet<string>> {
  const asked = new Set(start.nodes.flatMap((node) => (node.op_type === 'Shape' ? readsOf(node) : [])));
  const made = skeleton.nodes
    .filter(({ op_type: type = '' }) => HALF_KERNELS.has(type))
    .flatMap(writesOf)
    .filter((name) => asked.has(name) && values.get(name)?.dtype === 'float16');
  if (made.length === 0) return new Set();
  makeFolderSync(workDir);
  const path = temporaryName(join(workDir, 'open'));
  const input = [
    ...start.inputs.map(({ name, dtype, dims }) => {
      const dim = (start.declaredDims.get(name) ?? dims).map((size) =>
        size === undefined ? {} : { dim_value: size },
      );
      return { name, type: { tensor_type: { elem_type: widen(onnxTypeOf(dtype)), shape: { dim } } } };
    }),
    ...[...start.weights].map(([name, tensor]) => {
      const dim = tensorDims(tensor).map((size) => ({ dim_value: size }));
      return { name, type: { tensor_type: { elem_type: widen(tensor.data_type ?? 0), shape: { dim } } } };
    }),
  ];
  try {
    const session = await openSession(
      encodeModel({
        ...start.rest,
        graph: {
          name: 'open',
          node: start.nodes.map(widenNode),
          initializer: [...start.constants.values()].map(widenTensor),
          sparse_initializer: start.sparse,
          input,
          output: start.outputs.map((name) => ({ name })),
        },
      }),
      label,
      {
        graphOptimizationLevel: 'basic',
        optimizedModelFilePath: path,
        intraOpNumThreads: 1,
        // It never runs. For a session that runs its nodes in order ONNX Runtime looks which values could share memory, each against all that are free: with open
        // shapes, which never match, that is 5 of SDXL's 6.4 s. One that runs nodes side by side shares none; that takes a second thread.
        executionMode: 'parallel',
        interOpNumThreads: 2,
        enableCpuMemArena: false,
        extra: { session: { model_external_initializers_file_folder_path: start.folder } },
      },
    );
    await session.release();
    const { graph } = decodeModel(readFileSync(path), label);
    const left = new Set(
      (graph?.node ?? []).flatMap((node) => (node.op_type === 'Shape' ? readsOf(node) : [])),
    );
    return new Set(made.filter((name) => left.has(name)));
  } finally {
    rmSync(path, { force: true });
  }
}
