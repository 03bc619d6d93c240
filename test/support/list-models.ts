import type { ModelProto, NodeProto, TensorProto } from '../../common/model-file/index.js';
import { TorchGenerator } from '../../common/random/index.js';
import type { Tensor } from '../../common/tensor/index.js';
import { node, scalar, value, weight } from './onnx-builder.js';

const FLOAT = 1;
const INT64 = 7;

/** A model without a sampler, with a list that it is run over. */
export interface ListModel {
  readonly kind: string;
  readonly model: ModelProto;
  readonly items: readonly Readonly<Record<string, Tensor>>[];
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly states: readonly { readonly output: string; readonly input: string }[];
  /** Values that end components when it is cut in three; the first alone cuts it in two. */
  readonly cuts: readonly [string, string];
}

interface Values {
  readonly input: ReturnType<typeof value>[];
  readonly output: ReturnType<typeof value>[];
}

function model(nodes: NodeProto[], weights: TensorProto[], { input, output }: Values): ModelProto {
  return {
    ir_version: 8,
    opset_import: [{ domain: '', version: 17 }],
    producer_name: 'test',
    graph: { name: 'list', node: nodes, initializer: weights, input, output },
  };
}

const ints = (name: string, values: readonly number[]): TensorProto => ({
  name,
  dims: [values.length],
  data_type: INT64,
  int64_data: [...values],
});

const noise = (seed: number, dims: readonly number[]): Tensor => new TorchGenerator(seed).randn([...dims]);

const length = (frames: number): Tensor => ({
  dtype: 'int64',
  dims: [1],
  data: BigInt64Array.of(BigInt(frames)),
});

/**
 * A recogniser of speech, as Paraformer's encoder is one: features of any number of frames and their length, three layers that add to each
 * other under a mask with -Infinity in it; logits, the tokens that they say (int64), and the states of the first layer, made early.
 */
function recogniser(): ModelProto {
  const nodes = [
    node('Shape', ['speech'], ['shape']),
    node('Gather', ['shape', 'one_index'], ['frames'], {}),
    node('Squeeze', ['frames', 'zero'], ['count']),
    node('Range', ['start', 'count', 'step'], ['places']),
    node('Less', ['places', 'speech_lengths'], ['inside']),
    node('Where', ['inside', 'nothing', 'minus_infinity'], ['mask']),
  ];
  const weights: TensorProto[] = [
    ints('one_index', [1]),
    ints('zero', [0]),
    { name: 'start', dims: [], data_type: INT64, int64_data: [0] },
    { name: 'step', dims: [], data_type: INT64, int64_data: [1] },
    scalar('nothing', 0),
    scalar('minus_infinity', Number.NEGATIVE_INFINITY),
    weight('to_tokens', [16, 12]),
  ];
  let from = 'speech';
  for (const to of ['first', 'second', 'third']) {
    nodes.push(
      node('Transpose', [from], [`${to}_t`], { perm: [0, 2, 1] }),
      node('MatMul', [from, `${to}_t`], [`${to}_scores`]),
      node('Add', [`${to}_scores`, 'mask'], [`${to}_masked`]),
      node('Softmax', [`${to}_masked`], [`${to}_weights`], { axis: -1 }),
      node('MatMul', [`${to}_weights`, from], [`${to}_read`]),
      node('MatMul', [`${to}_read`, `${to}_w`], [`${to}_linear`]),
      node('Tanh', [`${to}_linear`], [`${to}_tanh`]),
      node('Add', [`${to}_tanh`, from], [to]),
    );
    weights.push(weight(`${to}_w`, [16, 16]));
    from = to;
  }
  nodes.push(
    node('MatMul', ['third', 'to_tokens'], ['logits']),
    node('ArgMax', ['logits'], ['tokens'], { axis: -1, keepdims: 0 }),
  );
  return model(nodes, weights, {
    input: [value('speech', [1, 'frames', 16], FLOAT), value('speech_lengths', [1], INT64)],
    output: [
      value('first', [1, 'frames', 16], FLOAT),
      value('logits', [1, 'frames', 12], FLOAT),
      value('tokens', [1, 'frames'], INT64),
    ],
  });
}

/**
 * A restorer of video as BSVD: a frame at a time, each layer reads a part of its channels from the frame before (its buffer). `isRecurrent`:
 * the first layer reads what the last one made of the frame before as well, so that a state goes from the last component to the first.
 */
function restorer(isRecurrent: boolean): ModelProto {
  const nodes: NodeProto[] = [];
  const weights: TensorProto[] = [ints('two', [2]), ints('none', [0]), ints('axis', [1]), ints('four', [4])];
  let from = 'frame';
  if (isRecurrent) {
    nodes.push(node('Add', ['frame', 'last'], ['joined']));
    from = 'joined';
  }
  for (const to of ['first', 'second', 'third']) {
    nodes.push(
      node('Slice', [from, 'none', 'two', 'axis'], [`${to}_next`]),
      node('Slice', [from, 'two', 'four', 'axis'], [`${to}_kept`]),
      node('Concat', [`${to}_buffer`, `${to}_kept`], [`${to}_shifted`], { axis: 1 }),
      node('Conv', [`${to}_shifted`, `${to}_w`], [`${to}_conv`], { pads: [1, 1, 1, 1] }),
      node('Tanh', [`${to}_conv`], [`${to}_tanh`]),
      node('Add', [`${to}_tanh`, from], [to === 'third' ? 'restored' : to]),
    );
    weights.push(weight(`${to}_w`, [4, 4, 3, 3]));
    from = to;
  }
  const dims = [1, 4, 8, 8];
  const buffer = [1, 2, 8, 8];
  const layers = ['first', 'second', 'third'];
  if (isRecurrent) {
    nodes.push(node('Mul', ['restored', 'half'], ['remembered']));
    weights.push(scalar('half', 0.5));
  }
  return model(nodes, weights, {
    input: [
      value('frame', dims, FLOAT),
      ...layers.map((layer) => value(`${layer}_buffer`, buffer, FLOAT)),
      ...(isRecurrent ? [value('last', dims, FLOAT)] : []),
    ],
    output: [
      value('restored', dims, FLOAT),
      ...layers.map((layer) => value(`${layer}_next`, buffer, FLOAT)),
      ...(isRecurrent ? [value('remembered', dims, FLOAT)] : []),
    ],
  });
}

const BUFFERS = ['first', 'second', 'third'].map((layer) => ({
  output: `${layer}_next`,
  input: `${layer}_buffer`,
}));

/** One of each kind; made from names and shapes alone, so that it is the same everywhere. */
export function listModels(): ListModel[] {
  const frames = Array.from({ length: 40 }, (_, at) => ({ frame: noise(100 + at, [1, 4, 8, 8]) }));
  return [
    {
      kind: 'a recogniser of speech, on utterances of three lengths',
      model: recogniser(),
      items: [5, 5, 9, 5, 9, 7, 5].map((count, at) => ({
        speech: noise(at, [1, count, 16]),
        speech_lengths: length(count - 1),
      })),
      inputs: {},
      states: [],
      cuts: ['first', 'second'],
    },
    {
      kind: 'a restorer of video with a buffer in each layer',
      model: restorer(false),
      items: frames,
      inputs: {},
      states: BUFFERS,
      cuts: ['first', 'second'],
    },
    {
      kind: 'a restorer of video whose first layer reads what the last one made',
      model: restorer(true),
      items: frames.slice(0, 6),
      inputs: { last: noise(7, [1, 4, 8, 8]) },
      states: [...BUFFERS, { output: 'remembered', input: 'last' }],
      cuts: ['first_shifted', 'second'],
    },
  ];
}
