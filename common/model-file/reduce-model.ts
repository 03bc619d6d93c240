import { basename } from 'node:path';
import { encodeTensor } from './onnx-proto.js';
import { type Field, type ProtoWindow, tag, varintBytes } from './proto-window.js';

/**
 * Tensor data of at least this many bytes stays in its file. Less than 64 elements of any type is less, so what shape arithmetic reads is in
 * memory.
 */
export const MIN_RANGE_BYTES = 512;

/** ONNX messages that can hold a tensor, at whatever depth. */
type Message = 'model' | 'graph' | 'function' | 'node' | 'attribute' | 'sparse' | 'tensor';

/** Fields that lead to tensors, by message (numbers of onnx.proto). */
const INNER: Readonly<Record<Exclude<Message, 'tensor'>, Readonly<Record<number, Message>>>> = Object.freeze({
  model: { 7: 'graph', 25: 'function' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparse' },
  function: { 7: 'node', 11: 'attribute' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse' },
  sparse: { 1: 'tensor', 2: 'tensor' },
});

const DELIMITED = 2;
const VARINT = 0;
const TENSOR_DATA_TYPE = 2;
const TENSOR_RAW_DATA = 9;
/** Typed fields whose packed bytes are the little-endian data itself: `float_data` of FLOAT (1), `double_data` of DOUBLE (11). */
const PACKED_DATA: ReadonlyMap<number, number> = new Map([
  [4, 1],
  [10, 11],
]);
const TENSOR_DATA_LOCATION = 14;
const EXTERNAL = 1;

/** Fields that lead somewhere, of a whole model: the U-Net of SDXL has a thirtieth of it. Each costs a microsecond of whoever reads the model. */
const MAX_FIELDS = 1_000_000;
/** Messages within messages: 30 branches of an `If` within each other. Readers of protobuf stop at 100. */
const MAX_DEPTH = 95;

/**
 * The bytes of an ONNX model without the data of its larger tensors, which become external data of the model file itself
 * (location: its base name). A protobuf reader meets megabytes, whatever the size of the model: a file of 1.7 GB is read in
 * 64 kB of memory beside its graph.
 *
 * @throws RangeError if the file is not a protobuf message, or one of more fields or depth than a model has.
 */
export function reduceModel(window: ProtoWindow, path: string): Buffer {
  window.maxFields = MAX_FIELDS;
  return Buffer.concat(reduce(window, 'model', 0, window.sizeBytes, { location: basename(path), depth: 0 }));
}

interface Place {
  /** What the model file is called in its own external data. */
  readonly location: string;
  readonly depth: number;
}

function reduce(window: ProtoWindow, message: Message, from: number, to: number, place: Place): Buffer[] {
  const { location, depth } = place;
  if (depth > MAX_DEPTH) throw new RangeError(`messages nested more than ${MAX_DEPTH} deep`);
  // Nothing so short has data of its own to leave behind.
  if (to - from <= MIN_RANGE_BYTES) return [window.bytes(from, to)];
  if (message === 'tensor') return reduceTensor(window, from, to, location);
  const pieces: Buffer[] = [];
  // What is kept as it is, in one piece.
  let keptFrom = from;
  const keep = (until: number): void => {
    if (until > keptFrom) pieces.push(window.bytes(keptFrom, until));
  };
  for (const field of window.fields(from, to)) {
    const inner = field.wire === DELIMITED ? INNER[message][field.number] : undefined;
    if (inner === undefined || field.end - field.bodyStart <= MIN_RANGE_BYTES) continue;
    keep(field.start);
    keptFrom = field.end;
    const body = reduce(window, inner, field.bodyStart, field.end, { location, depth: depth + 1 });
    const length = body.reduce((sum, piece) => sum + piece.length, 0);
    pieces.push(tag(field.number, DELIMITED), varintBytes(length));
    for (const piece of body) pieces.push(piece);
  }
  keep(to);
  return pieces;
}

function reduceTensor(window: ProtoWindow, from: number, to: number, location: string): Buffer[] {
  const fields = [...window.fields(from, to)];
  const dataType = fields.find(({ number, wire }) => number === TENSOR_DATA_TYPE && wire === VARINT)?.value;
  const isData = ({ number, wire }: Field): boolean =>
    wire === DELIMITED && (number === TENSOR_RAW_DATA || PACKED_DATA.get(number) === dataType);
  const [data, ...more] = fields.filter(isData);
  const isExternal = fields.some(
    ({ number, value }) => number === TENSOR_DATA_LOCATION && value === EXTERNAL,
  );
  if (data === undefined || more.length > 0 || isExternal || data.end - data.bodyStart < MIN_RANGE_BYTES)
    return [window.bytes(from, to)];
  const range = encodeTensor({
    data_location: EXTERNAL,
    external_data: [
      { key: 'location', value: location },
      { key: 'offset', value: String(data.bodyStart) },
      { key: 'length', value: String(data.end - data.bodyStart) },
    ],
  });
  const rest = fields.filter((field) => field !== data && field.number !== TENSOR_DATA_LOCATION);
  return [...rest.map(({ start, end }) => window.bytes(start, end)), Buffer.from(range)];
}
