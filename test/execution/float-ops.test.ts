import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { float32 } from '../../common/tensor/index.js';
import { parseDevice, providerHint } from '../../execution/index.js';
import { applyGuidance } from '../../execution/apply-guidance.js';
import { castFloat, isFinite, repeatBatch } from '../../execution/float-ops.js';

describe('guidance', () => {
  it('is u + g (c - u) with every operation rounded to float32', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.float({ noNaN: true }), fc.float({ noNaN: true })), {
          minLength: 1,
          maxLength: 8,
        }),
        fc.double({ min: 1, max: 20, noNaN: true }),
        (pairs, scale) => {
          const data = Float32Array.from([...pairs.map(([u]) => u), ...pairs.map(([, c]) => c)]);
          const guided = applyGuidance(float32(data, [2, pairs.length]), { scale });
          expect(guided.dims).toEqual([1, pairs.length]);
          const f = Math.fround;
          expect([...(guided.data as Float32Array)]).toEqual(
            pairs.map(([u, c]) => f(u + f(f(scale) * f(c - u)))),
          );
        },
      ),
    );
  });

  it('needs an even batch', () => {
    expect(() => applyGuidance(float32(new Float32Array(3), [3, 1]), { scale: 2 })).toThrowError(
      expect.objectContaining({ code: 'invalid_input' }),
    );
  });

  it('repeats latents as a whole', () => {
    const repeated = repeatBatch(float32(Float32Array.of(1, 2), [2, 1]), 2);
    expect(repeated.dims).toEqual([4, 1]);
    expect([...(repeated.data as Float32Array)]).toEqual([1, 2, 1, 2]);
  });
});

describe('casts', () => {
  it('go between float types, and refuse others', () => {
    const tensor = float32(Float32Array.of(0.5, -2), [2]);
    expect(castFloat(tensor, 'float32')).toBe(tensor);
    const half = castFloat(tensor, 'float16');
    expect([...(half.data as Uint16Array)]).toEqual([0x3800, 0xc000]);
    expect([...(castFloat(half, 'float32').data as Float32Array)]).toEqual([0.5, -2]);
    expect(() => castFloat(tensor, 'int64')).toThrowError(expect.objectContaining({ code: 'invalid_input' }));
  });
});

describe('isFinite', () => {
  it('finds NaN and infinity in every float type', () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const tensor = float32(Float32Array.of(0, bad), [2]);
      expect(isFinite(tensor)).toBe(false);
      expect(isFinite(castFloat(tensor, 'float16'))).toBe(false);
    }
    expect(isFinite(float32(Float32Array.of(0, 3e38), [2]))).toBe(true);
  });
});

describe('parseDevice', () => {
  it.each([
    ['cpu', { kind: 'onnxruntime', provider: 'cpu', deviceId: 0 }],
    ['cuda:3', { kind: 'onnxruntime', provider: 'cuda', deviceId: 3 }],
    ['webgpu', { kind: 'onnxruntime', provider: 'webgpu', deviceId: 0 }],
    ['declared:a5000-sd21,dilation=4', { kind: 'declared', profile: 'a5000-sd21,dilation=4' }],
  ])('%s', (text, expected) => {
    expect(parseDevice(text)).toMatchObject({ ...expected, text });
  });

  it.each(['', 'gpu', 'CUDA', 'cuda:', 'cuda:x', 'cpu:0:1', 'declared:'])(
    'refuses "%s" with what there is',
    (text) => {
      expect(() => parseDevice(text)).toThrowError(
        expect.objectContaining({
          code: 'invalid_settings',
          hint: expect.stringMatching(/cpu|declared:PROFILE/),
        }),
      );
    },
  );

  it('names the way to each missing provider', () => {
    expect(providerHint('cuda')).toContain('setup cuda');
    expect(providerHint('webgpu')).toContain('Vulkan');
    expect(providerHint('dml')).toContain('--device cpu');
  });
});
