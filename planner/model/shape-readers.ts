import type { NodeProto, TensorProto } from '../../common/model-file/index.js';
import type { ExportSource } from './export-source.js';
import { HALF_KERNELS } from './half-rounding.js';

/** onnx.TensorProto.DataType. */
const INT64 = 7;
const FIRST = 'asyncdiff_first';

/**
 * Nodes that stand for those by which the untouched model asks for the shape of a float16 value, and which folding took out. ONNX Runtime runs a node that has
 * a float16 kernel, as `LayerNormalization` has, in float32 where all that reads it runs so; whoever asks for the shape reads float16. Without it the
 * node would round neither what it reads nor what it gives (the first norm of each transformer block of SDXL). They take an element of each row, and
 * lead nowhere.
 */
export function shapeReaders(
  { prepared: { graph, folded } }: Pick<ExportSource, 'prepared'>,
  own: readonly NodeProto[],
): { readonly nodes: readonly NodeProto[]; readonly constants: readonly TensorProto[] } {
  const { shapeReads } = folded.skeleton;
  const nodes = own.flatMap(({ op_type: type = '', output = [] }) =>
    !HALF_KERNELS.has(type)
      ? []
      : output.flatMap((name): NodeProto[] => {
          const { dtype, dims = [] } = graph.values.get(name) ?? {};
          if (!shapeReads.has(name) || dtype !== 'float16' || dims.length === 0) return [];
          // 2: an integer attribute.
          const attribute = [{ name: 'axis', type: 2, i: dims.length - 1 }];
          return [
            {
              name: `asyncdiff_shape/${name}`,
              op_type: 'Gather',
              input: [name, FIRST],
              output: [`asyncdiff_shape/${name}`],
              attribute,
            },
          ];
        }),
  );
  return {
    nodes,
    constants: nodes.length === 0 ? [] : [{ name: FIRST, dims: [], data_type: INT64, int64_data: [0] }],
  };
}
