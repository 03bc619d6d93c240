import { z } from 'zod';

/** What of a plan lies on disk: workers are named by their place in the request, and what a round takes is predicted anew. */

const text = z.string();
const names = z.array(text);
const count = z.int().nonnegative();
const bytes = z.number().nonnegative();
const hex = z.string().regex(/^[0-9a-f]+$/);
const dims = z.array(count);
const dtype = z.enum([
  'float32',
  'float16',
  'float64',
  'int8',
  'uint8',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'bool',
]);
const spec = z.strictObject({ name: text, dtype, dims });
const item = z.strictObject({
  inputs: names,
  outputs: names,
  states: z.array(z.strictObject({ input: text, value: text })),
  carries: names,
});
const shape = z.enum(['sequential', 'u-shaped']);

const segment = z.strictObject({
  id: text,
  component: count,
  index: count,
  session: text,
  microBatch: count,
  nodes: z.array(count),
  replicatedNodes: z.array(count),
  readsSample: z.boolean(),
  readsTimestep: z.boolean(),
  conditioning: names,
  localReads: names,
  boundaryReads: names,
  localWrites: names,
  boundaryWrites: names,
  recomputes: names,
  writesOutput: z.boolean(),
  item: item.optional(),
  costMs: z.number(),
  weightBytes: bytes,
});

const partition = z.strictObject({
  components: z.array(
    z.strictObject({
      index: count,
      costMs: z.number(),
      share: z.number(),
      weightBytes: bytes,
      nodeCount: count,
    }),
  ),
  segments: z.array(segment),
  boundaryTensors: z.array(
    z.strictObject({
      name: text,
      value: text,
      dtype,
      dims,
      bytes,
      producer: count,
      consumers: z.array(count),
      lag: z.literal([1, 2]),
    }),
  ),
  cuts: names,
  shape,
  sampleInput: text,
  timestepInput: text,
  output: text,
  carried: z.array(z.strictObject({ input: text, value: text })).optional(),
  microBatches: count,
  halves: z.literal([1, 2]),
  broadcastBytes: bytes,
});

const segmentSpec = z.strictObject({
  id: text,
  component: count,
  index: count,
  session: text,
  microBatch: count,
  microBatches: count,
  sha256: z.union([hex, z.literal('')]),
  sizeBytes: bytes,
  inputs: z.array(spec),
  outputs: z.array(spec),
  sampleInput: text,
  timestepInput: text,
  conditioning: names,
  localReads: names,
  boundaryReads: names,
  localWrites: names,
  boundaryWrites: names,
  output: text,
  item: item.optional(),
  declaredMs: z.number(),
});

const timed = z.strictObject({
  subject: z.strictObject({ predictor: text, devices: names, settings: z.unknown() }),
  known: z.strictObject({
    times: z.array(
      z.strictObject({ worker: count, nodes: z.array(z.tuple([count, count])), ms: z.number() }),
    ),
    turn: count,
    isSettled: z.boolean(),
  }),
  speeds: z.array(z.number()),
});

export const planSchema = z.strictObject({
  predictorId: text,
  programId: text,
  partition,
  /** By component: places of workers in the request. */
  placement: z.array(z.array(count)),
  specs: z.array(segmentSpec),
  artifacts: z.array(
    z.tuple([
      hex,
      z.strictObject({ path: text, offsetBytes: count, lengthBytes: count, tensors: z.array(hex) }),
    ]),
  ),
  sources: z.array(z.strictObject({ path: text, state: text })),
  inputs: z.array(spec),
  output: spec,
  /** The plan settings' own rows say what they may be; they come from this version. */
  settings: z.record(text, z.unknown()),
  timed: timed.optional(),
  memory: z.array(z.strictObject({ weights: bytes, activations: bytes, overhead: bytes, total: bytes })),
  unknownOperators: names,
  declared: z.boolean(),
  timeDilation: z.number(),
});

export type StoredPlan = z.infer<typeof planSchema>;
