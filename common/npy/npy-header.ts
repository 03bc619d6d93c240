import { AsyncDiffError } from '../errors/index.js';
import type { DType } from '../tensor/index.js';

/** NumPy's `descr` of every element type that a tensor can have; one-byte types have no byte order. */
const DESCR: Readonly<Record<DType, string>> = Object.freeze({
  float32: '<f4',
  float16: '<f2',
  float64: '<f8',
  int8: '|i1',
  uint8: '|u1',
  int16: '<i2',
  uint16: '<u2',
  int32: '<i4',
  uint32: '<u4',
  int64: '<i8',
  uint64: '<u8',
  bool: '|b1',
});
const DTYPE: ReadonlyMap<string, DType> = new Map(
  Object.entries(DESCR).map(([dtype, descr]) => [descr, dtype as DType]),
);

const MAGIC = Buffer.from('\x93NUMPY', 'latin1');
/** Magic, two version bytes and the header's length as 16 bits. */
const PREFIX_BYTES = 10;
/** NumPy aligns the data for memory mapping. */
const ALIGNMENT_BYTES = 64;

/** What a .npy header says. */
interface NpyHeader {
  readonly dtype: DType;
  readonly dims: readonly number[];
  /** Where the data starts in the file. */
  readonly dataOffsetBytes: number;
}

/** Reads a header of format 1.0, 2.0 or 3.0; `source` names the file in errors, which are `file_unreadable`. */
export function parseHeader(bytes: Buffer, source: string): NpyHeader {
  if (bytes.length < PREFIX_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw unreadable(source, 'is not a .npy file');
  }
  const major = bytes.readUInt8(6);
  if (major < 1 || major > 3)
    throw unreadable(source, `has .npy format ${major}.${bytes.readUInt8(7)}; 1.0 to 3.0 are read`);
  const start = major === 1 ? PREFIX_BYTES : PREFIX_BYTES + 2;
  if (bytes.length < start) throw unreadable(source, 'ends within its header');
  const length = major === 1 ? bytes.readUInt16LE(8) : bytes.readUInt32LE(8);
  if (bytes.length < start + length) throw unreadable(source, 'ends within its header');
  const header = bytes.toString(major === 3 ? 'utf8' : 'latin1', start, start + length);
  return { ...parseDictionary(header, source), dataOffsetBytes: start + length };
}

function parseDictionary(header: string, source: string): Omit<NpyHeader, 'dataOffsetBytes'> {
  const order = /['"]fortran_order['"]\s*:\s*(True|False)/.exec(header)?.[1];
  const shape = /['"]shape['"]\s*:\s*\(([\d\s,L]*)\)/.exec(header)?.[1];
  const descr = /['"]descr['"]\s*:\s*(?:['"]([^'"]*)['"]|(\[))/.exec(header);
  if (order === undefined || shape === undefined || descr === null) {
    throw unreadable(source, 'has a .npy header without descr, fortran_order and shape');
  }
  const dtype = DTYPE.get(descr[1] ?? '');
  if (dtype === undefined) throw unsupportedType(source, descr[1]);
  const dims = (shape.match(/\d+/g) ?? []).map(Number);
  const isColumnMajor = order === 'True' && dims.filter((dim) => dim > 1).length > 1;
  if (isColumnMajor) {
    throw unreadable(
      source,
      'is in Fortran order',
      'Save it with np.save(path, np.ascontiguousarray(array)).',
    );
  }
  return { dtype, dims };
}

function unsupportedType(source: string, descr: string | undefined): AsyncDiffError {
  if (descr === undefined) return unreadable(source, 'holds records; plain arrays are read');
  if (descr.startsWith('>')) {
    return unreadable(
      source,
      `is big-endian (${descr})`,
      "Save it with array.astype(array.dtype.newbyteorder('<')).",
    );
  }
  return unreadable(source, `holds elements of type ${descr}; read are: ${[...DTYPE.keys()].join(', ')}`);
}

/** A header of format 1.0, padded so that the data is aligned. */
export function formatHeader(dtype: DType, dims: readonly number[]): Buffer {
  const shape = dims.length === 1 ? `${dims[0]},` : dims.join(', ');
  const dictionary = `{'descr': '${DESCR[dtype]}', 'fortran_order': False, 'shape': (${shape}), }`;
  const end = PREFIX_BYTES + dictionary.length + 1;
  const padding = ' '.repeat(Math.ceil(end / ALIGNMENT_BYTES) * ALIGNMENT_BYTES - end);
  const text = Buffer.from(`${dictionary}${padding}\n`, 'latin1');
  const prefix = Buffer.alloc(PREFIX_BYTES);
  MAGIC.copy(prefix);
  prefix.writeUInt8(1, 6);
  prefix.writeUInt16LE(text.length, 8);
  return Buffer.concat([prefix, text]);
}

export function unreadable(source: string, what: string, hint?: string): AsyncDiffError {
  return new AsyncDiffError('file_unreadable', `${source} ${what}`, { hint });
}
