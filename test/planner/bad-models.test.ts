import { describe, expect, it } from 'vitest';
import { planWorkers } from '../../cli/reference-run.js';
import type { ModelProto, NodeProto, TensorProto } from '../../common/model-file/index.js';
import { resolvePlanSettings } from '../../common/settings/index.js';
import { planInProcess } from '../../planner/index.js';
import { integers, node, predictor, scalar, value, weight, writeModel } from '../support/onnx-builder.js';
import { smallPredictor } from '../support/small-predictor.js';
import { tempFolder } from '../support/temp-folder.js';

const FLOAT = 1;
const INT64 = 7;
const BOOL = 9;

/** A predictor with these nodes before its output; `b` is what they begin from. */
function ending(nodes: NodeProto[], weights: TensorProto[] = []): ModelProto {
  const begin = [node('Conv', ['sample', 'w'], ['a'], { pads: [1, 1, 1, 1] }), node('Sigmoid', ['a'], ['b'])];
  return predictor([...begin, ...nodes], [weight('w', [4, 4, 3, 3]), ...weights]);
}

/** Of a tensor `r` that is made from constants: its sum is added to the output. */
const added = (r: NodeProto): NodeProto[] => [
  r,
  node('ReduceSum', ['r'], ['s'], { keepdims: 0 }),
  node('Add', ['b', 's'], ['out_sample']),
];
const count = (name: string, number: number | bigint): TensorProto =>
  ({
    name,
    dims: [],
    data_type: INT64,
    int64_data: [number],
  }) as TensorProto;
const floats = (name: string, dims: number[], float_data: number[]): TensorProto => ({
  name,
  dims,
  data_type: FLOAT,
  float_data,
});
const outside = (location: string): TensorProto => ({
  name: 'e',
  dims: [1],
  data_type: FLOAT,
  data_location: 1,
  external_data: [{ key: 'location', value: location }],
});

/** Changed in place. */
function changed(change: (model: ModelProto) => void): ModelProto {
  const model = smallPredictor();
  change(model);
  return model;
}

/** So often doubled. */
function doubled(times: number): NodeProto[] {
  return Array.from({ length: times }, (_, at) => {
    const before = at === 0 ? 'c' : `d${at - 1}`;
    return node('Concat', [before, before], [at === times - 1 ? 'r' : `d${at}`], { axis: 0 });
  });
}

const body: ModelProto['graph'] = {
  name: 'body',
  node: [node('Identity', ['cond_in'], ['cond_out']), node('Sigmoid', ['v_in'], ['v_out'])],
  input: [value('i', [], INT64), value('cond_in', [], BOOL), value('v_in', ['n', 4, 8, 8])],
  output: [value('cond_out', [], BOOL), value('v_out', ['n', 4, 8, 8])],
};

/** What is wrong with a model, the model, and the code that its planning ends with. */
const MODELS: readonly [string, () => ModelProto, string][] = [
  [
    'Range makes a billion numbers',
    () =>
      ending(added(node('Range', ['r0', 'r1', 'r2'], ['r'])), [
        scalar('r0', 0),
        scalar('r1', 1e9),
        scalar('r2', 1),
      ]),
    'model_unsupported',
  ],
  [
    'Expand makes a billion numbers',
    () =>
      ending(added(node('Expand', ['one', 'dims'], ['r'])), [
        scalar('one', 0),
        integers('dims', [1000, 1000, 1000]),
      ]),
    'model_unsupported',
  ],
  [
    'Pad makes a billion numbers',
    () =>
      ending(added(node('Pad', ['c', 'pads'], ['r'])), [floats('c', [1], [0]), integers('pads', [0, 1e9])]),
    'model_unsupported',
  ],
  [
    'OneHot makes a billion numbers',
    () =>
      ending(added(node('OneHot', ['i', 'depth', 'v'], ['r'])), [
        integers('i', [0]),
        count('depth', 1e9),
        floats('v', [2], [0, 1]),
      ]),
    'model_unsupported',
  ],
  [
    'RandomNormal makes a billion numbers',
    () => ending(added(node('RandomNormal', [], ['r'], { shape: [1000, 1000, 1000] }))),
    'model_unsupported',
  ],
  [
    'a constant is doubled thirty times',
    () => {
      const [last, ...before] = doubled(30).reverse() as [NodeProto, ...NodeProto[]];
      return ending([...before.reverse(), ...added(last)], [floats('c', [4], [0, 0, 0, 0])]);
    },
    'model_invalid',
  ],
  [
    'a weight is shorter than its dimensions',
    () =>
      ending(
        [node('Add', ['b', 'lie'], ['out_sample'])],
        [{ name: 'lie', dims: [1e6, 1e6], data_type: FLOAT, raw_data: new Uint8Array(4) }],
      ),
    'model_invalid',
  ],
  [
    'a weight has a negative dimension',
    () =>
      ending(
        [node('Add', ['b', 'lie'], ['out_sample'])],
        [{ name: 'lie', dims: [-4], data_type: FLOAT, raw_data: new Uint8Array(16) }],
      ),
    'model_invalid',
  ],
  [
    'nodes wait for each other',
    () =>
      ending([
        node('Add', ['b', 'y'], ['x']),
        node('Add', ['x', 'b'], ['y']),
        node('Add', ['x', 'y'], ['out_sample']),
      ]),
    'model_unsupported',
  ],
  ['its output is made by nobody', () => ending([node('Add', ['b', 'b'], ['z'])]), 'model_unsupported'],
  [
    'an operator of a domain that nobody has',
    () => ending([{ ...node('Foo', ['b'], ['out_sample']), domain: 'com.nobody' }]),
    'model_invalid',
  ],
  [
    'weights at an absolute path',
    () => ending([node('Add', ['b', 'e'], ['out_sample'])], [outside('/etc/passwd')]),
    'model_invalid',
  ],
  [
    'weights above its folder',
    () => ending([node('Add', ['b', 'e'], ['out_sample'])], [outside('../x')]),
    'model_invalid',
  ],
  [
    'a loop of a million million turns',
    () =>
      ending(
        [
          {
            ...node('Loop', ['trip', '', 'b'], ['out_sample']),
            attribute: [{ name: 'body', type: 5, g: body }],
          },
        ],
        [count('trip', 10n ** 12n)],
      ),
    'model_unsupported',
  ],
  [
    'an operator set that is to come',
    () => changed((model) => void (model.opset_import = [{ domain: '', version: 999 }])),
    'model_invalid',
  ],
  [
    'two inputs of one name',
    () => changed(({ graph }) => void graph?.input?.push(graph.input[0] as never)),
    'model_invalid',
  ],
  [
    'an input of text',
    () => changed(({ graph }) => void graph?.input?.push(value('text', [1], 8))),
    'model_unsupported',
  ],
];

describe('a model that is wrong, or made to cost its reader, ends with a code, soon and in little memory', () => {
  it.each(MODELS)('%s', async (_what, make, code) => {
    const settings = resolvePlanSettings({ components: 1 });
    const inputShapes = { sample: [1, 4, 8, 8], encoder_hidden_states: [1, 5, 6] };
    const modelPath = writeModel(make(), tempFolder());
    const ended = planInProcess({
      source: { kind: 'model', modelPath, inputShapes },
      settings,
      workers: planWorkers(settings),
      links: [],
      batchRepeat: 1,
      workDir: tempFolder(),
      threads: 1,
    }).then(
      () => undefined,
      (error: { code: string }) => error.code,
    );
    expect(await ended).toBe(code);
  });
});
