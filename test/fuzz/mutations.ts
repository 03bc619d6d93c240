import * as fc from 'fast-check';

/** Numbers that readers trip over, as the bytes that hold them: varints and little-endian words. */
const NUMBERS: readonly Uint8Array[] = [
  [0],
  [0xff],
  [0x7f],
  [0x80],
  [0xff, 0xff, 0xff, 0xff],
  [0xff, 0xff, 0xff, 0x7f],
  [0, 0, 0, 0x80],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
  [0, 0, 0, 0, 0, 0, 0xf0, 0x7f],
  [0, 0, 0, 0, 0, 0, 0xf8, 0x7f],
].map((bytes) => Uint8Array.from(bytes));

/** Words that JSON and Python literals trip over. */
const WORDS: readonly Uint8Array[] = [
  'null',
  'true',
  '-1',
  '0',
  '1e999',
  '-Infinity',
  'NaN',
  '99999999999999999999',
  '4294967296',
  '1.5',
  '""',
  '[]',
  '{}',
  '[[[[[[[[',
  '"__proto__":{}',
  '"constructor":1',
  '\\u0000',
  '\\ud800',
  '../../etc/passwd',
  '\u001b[31m',
].map((word) => new TextEncoder().encode(word));

interface Edit {
  readonly kind: 'flip' | 'put' | 'insert' | 'cut' | 'repeat' | 'end';
  /** Where, modulo the length. */
  readonly at: number;
  readonly length: number;
  readonly bytes: Uint8Array;
}

const edit: fc.Arbitrary<Edit> = fc.record({
  kind: fc.constantFrom('flip', 'put', 'insert', 'cut', 'repeat', 'end'),
  at: fc.nat(2 ** 20),
  length: fc.nat(40),
  bytes: fc.oneof(fc.constantFrom(...NUMBERS, ...WORDS), fc.uint8Array({ minLength: 1, maxLength: 12 })),
});

function apply(input: Uint8Array, { kind, at, length, bytes }: Edit): Uint8Array {
  const where = input.length === 0 ? 0 : at % input.length;
  const [before, after] = [input.subarray(0, where), input.subarray(where)];
  switch (kind) {
    case 'flip': {
      const copy = Uint8Array.from(input);
      if (copy.length > 0) copy[where] = (copy[where] as number) ^ (1 << (length % 8));
      return copy;
    }
    case 'put':
      return Buffer.concat([before, bytes, after.subarray(bytes.length)]);
    case 'insert':
      return Buffer.concat([before, bytes, after]);
    case 'cut':
      return Buffer.concat([before, after.subarray(length)]);
    case 'repeat':
      return Buffer.concat([
        before,
        ...Array<Uint8Array>((length % 8) + 1).fill(after.subarray(0, length)),
        after,
      ]);
    case 'end':
      return before;
    default:
      return kind satisfies never;
  }
}

/** Valid inputs with some edits, and now and then bytes without any sense. */
export function mutated(valid: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const edited = fc
    .tuple(fc.constantFrom(...valid), fc.array(edit, { maxLength: 6 }))
    .map(([input, edits]) => edits.reduce(apply, input));
  return fc.oneof(
    { weight: 9, arbitrary: edited },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) },
  );
}
