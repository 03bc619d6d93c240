import * as ort from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { fromOrtData, ortTensor } from '../../execution/index.js';
import { encodeFloat16 } from '../../common/tensor/index.js';

it('float16 is bit patterns on every Node, in what ONNX Runtime reads and in what it gives', () => {
  const data = encodeFloat16(Float32Array.of(1, -2, 0.5, 65504));
  const made = ortTensor(ort.Tensor, { dtype: 'float16', dims: [2, 2], data });
  // What the addon reads: where Node has a Float16Array, onnxruntime-common would give it as one, of which the addon sees no byte.
  expect(made.data).toBe(data);
  expect([made.type, made.dims]).toEqual(['float16', [2, 2]]);
  const given = new ort.Tensor('float16', data, [2, 2]);
  expect(fromOrtData(given.data)).toEqual(data);
});
