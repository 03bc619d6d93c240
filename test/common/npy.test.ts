import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatNpy, parseNpy, readNpy, writeNpy } from '../../common/npy/index.js';
import { packageRoot } from '../../common/package.js';
import { arrayOf, DTYPES, decodeFloat16, elementCount, type Tensor } from '../../common/tensor/index.js';

/** Files as numpy.save wrote them. */
const recorded = JSON.parse(await readFile(join(packageRoot, 'test/data/npy.json'), 'utf8')) as {
  readonly readable: readonly {
    readonly dtype: string;
    readonly dims: readonly number[];
    readonly values: readonly (number | string)[];
    readonly base64: string;
  }[];
  readonly version2: string;
  readonly fortran: string;
  readonly bigEndian: string;
  readonly complex: string;
  readonly records: string;
};
const bytesOf = (base64: string): Buffer => Buffer.from(base64, 'base64');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'asyncdiff-npy-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe('files that numpy wrote', () => {
  test.each(recorded.readable)('$dtype $dims', ({ dtype, dims, values, base64 }) => {
    const tensor = parseNpy(bytesOf(base64), 'x.npy');
    expect(tensor.dtype).toBe(dtype);
    expect(tensor.dims).toEqual(dims);
    const data = tensor.dtype === 'float16' ? decodeFloat16(tensor.data as Uint16Array) : tensor.data;
    expect(
      Array.from(data as ArrayLike<number | bigint>, (x) => (typeof x === 'bigint' ? String(x) : x)),
    ).toEqual(values);
    expect(formatNpy(tensor).equals(bytesOf(base64))).toBe(true);
  });

  test('format 2.0', () => {
    expect(parseNpy(bytesOf(recorded.version2), 'x.npy').data).toEqual(new Float32Array([1, 2]));
  });
});

test('what is written is read back, whatever the type and shape', () => {
  const tensors = fc
    .tuple(fc.constantFrom(...DTYPES), fc.array(fc.nat(5), { maxLength: 4 }), fc.infiniteStream(fc.nat(255)))
    .map(([dtype, dims, stream]): Tensor => {
      const data = new (arrayOf(dtype))(elementCount(dims));
      const bytes = new Uint8Array(data.buffer);
      for (let i = 0; i < bytes.length; i += 1) bytes[i] = Number(stream.next().value);
      return { dtype, dims, data };
    });
  fc.assert(
    fc.property(tensors, (tensor) => {
      const again = parseNpy(formatNpy(tensor), 'x.npy');
      expect(again.dtype).toBe(tensor.dtype);
      expect(again.dims).toEqual(tensor.dims);
      expect(Buffer.from(again.data.buffer).equals(Buffer.from(tensor.data.buffer))).toBe(true);
    }),
  );
});

test('files on disk', async () => {
  const path = join(folder, 'a.npy');
  const tensor: Tensor = { dtype: 'float32', dims: [2], data: new Float32Array([9, 1, 2]).subarray(1) };
  await writeNpy(path, tensor);
  const again = await readNpy(path);
  expect(Array.from(again.data as Float32Array)).toEqual([1, 2]);
});

describe('errors say what is wrong', () => {
  test.each([
    ['fortran', 'is in Fortran order'],
    ['bigEndian', 'is big-endian (>f4)'],
    ['complex', 'holds elements of type <c8'],
    ['records', 'holds records'],
  ] as const)('%s', (key, message) => {
    expect(() => parseNpy(bytesOf(recorded[key]), 'x.npy')).toThrow(`[file_unreadable] x.npy ${message}`);
  });

  test('every truncation, and bytes too many', () => {
    const whole = formatNpy({ dtype: 'int32', dims: [3], data: new Int32Array(3) });
    for (let length = 0; length < whole.length; length += 1) {
      expect(() => parseNpy(whole.subarray(0, length), 'x.npy')).toThrow('[file_unreadable] x.npy');
    }
    expect(() => parseNpy(Buffer.concat([whole, Buffer.alloc(1)]), 'x.npy')).toThrow(
      'has data after its end',
    );
  });

  test('a shape that no file could hold is refused before anything is allocated', () => {
    const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (999999999999, 999999999), }\n";
    const prefix = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length, 0]);
    expect(() => parseNpy(Buffer.concat([prefix, Buffer.from(header)]), 'x.npy')).toThrow('is truncated');
  });

  test('no such file, a folder, another kind of file', async () => {
    await expect(readNpy(join(folder, 'none.npy'))).rejects.toThrow('[file_not_found]');
    await expect(readNpy(folder)).rejects.toThrow('[file_unreadable] cannot read');
    await expect(
      writeNpy(join(folder, 'none', 'a.npy'), { dtype: 'bool', dims: [], data: new Uint8Array(1) }),
    ).rejects.toThrow('its folder does not exist');
    await writeFile(join(folder, 'text.npy'), 'not a numpy file at all');
    await expect(readNpy(join(folder, 'text.npy'))).rejects.toThrow('is not a .npy file');
  });
});
