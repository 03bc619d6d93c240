import type { AsyncDiffError } from '../../common/errors/index.js';
import { float32, type Tensor } from '../../common/tensor/index.js';
import {
  type ExecutorEvents,
  type IssuedRound,
  type StartedJob,
  type LoadedSegment,
  type RoundReport,
  type SamplerState,
  type SegmentSpec,
  TaskExecutor,
} from '../../execution/index.js';
import { LATENTS, type Task } from '../../program/index.js';

const SHAPE = { dtype: 'float32', dims: [1, 2] } as const;
/** A segment that reads and makes nothing. */
export const BLANK: Omit<SegmentSpec, 'id' | 'component' | 'inputs' | 'outputs'> = {
  index: 0,
  session: '',
  microBatch: 0,
  microBatches: 1,
  sha256: '',
  sizeBytes: 0,
  sampleInput: '',
  timestepInput: '',
  conditioning: [],
  localReads: [],
  boundaryReads: [],
  localWrites: [],
  boundaryWrites: [],
  output: '',
  declaredMs: 0,
};

export interface FakeSegment extends LoadedSegment {
  runs: number;
  released: boolean;
}

/** A segment that computes by a formula on numbers instead of by ONNX Runtime. */
export function segment(
  spec: Partial<SegmentSpec> & Pick<SegmentSpec, 'id' | 'component'>,
  reads: readonly string[],
  writes: readonly string[],
  formula: (values: readonly Float32Array[]) => number[],
): FakeSegment {
  const whole: SegmentSpec = {
    ...BLANK,
    inputs: reads.map((name) => ({ name, ...SHAPE })),
    outputs: writes.map((name) => ({ name, ...SHAPE })),
    ...spec,
  };
  const loaded = {
    spec: whole,
    runs: 0,
    released: false,
    session: {
      async run(feeds: Readonly<Record<string, Tensor>>) {
        loaded.runs += 1;
        const result = formula(reads.map((name) => feeds[name]?.data as Float32Array));
        return Object.fromEntries(writes.map((name) => [name, float32(Float32Array.from(result), [1, 2])]));
      },
      async release() {
        loaded.released = true;
      },
    },
  };
  return loaded;
}

/** head: b = 2 x + c; tail: eps = b - x. */
export const head = (): FakeSegment =>
  segment(
    { id: 'head', component: 1, sampleInput: 'sample', conditioning: ['c'], boundaryWrites: ['b'] },
    ['sample', 'c'],
    ['b'],
    ([x, c]) => [0, 1].map((at) => 2 * (x?.[at] as number) + (c?.[at] as number)),
  );
export const tail = (): FakeSegment =>
  segment(
    { id: 'tail', component: 2, sampleInput: 'sample', boundaryReads: ['b'], output: 'eps' },
    ['sample', 'b'],
    ['eps'],
    ([x, b]) => [0, 1].map((at) => (b?.[at] as number) - (x?.[at] as number)),
  );

export function task(round: number, name: 'head' | 'tail'): Task {
  const isTail = name === 'tail';
  return {
    id: `r${round}/${name}/j0`,
    round,
    component: isTail ? 2 : 1,
    segment: name,
    run: 0,
    sampleStep: round,
    timestepStep: round,
    latents: { name: LATENTS, version: round },
    version: round,
    reads: isTail ? [{ name: 'b', version: Math.max(0, round - 1) }] : [],
    writes: isTail ? [] : [{ name: 'b', version: round }],
    epsStep: isTail ? round : undefined,
  };
}

export const vector = (a: number, b: number): Tensor => float32(Float32Array.of(a, b), [1, 2]);

export function context(
  jobId: string,
  conditioning: StartedJob['conditioning'] = { c: vector(1, 2) },
): StartedJob {
  return {
    jobId,
    attempt: 0,
    deploymentId: 'plan',
    conditioning,
    timesteps: [900, 800, 700],
    guidance: undefined,
    trace: true,
  };
}

export const issued = (
  round: number,
  names: readonly ('head' | 'tail')[],
  report: RoundReport = 'noise',
): IssuedRound => ({
  round,
  tasks: names.map((name) => task(round, name)),
  oldestVersion: Math.max(0, round - 1),
  firstStep: round,
  lastStep: round,
  latents: [{ name: LATENTS, version: round, step: round }],
  mayHold: false,
  report,
});

export interface Outcome {
  readonly noise: Map<number, number[]>;
  readonly boundary: string[];
  readonly done: { readonly lastStep: number; readonly state: SamplerState | undefined }[];
  readonly faults: AsyncDiffError[];
}

export function executor(
  leaves = false,
  more: Partial<ExecutorEvents> = {},
): Outcome & { tasks: TaskExecutor } {
  const outcome: Outcome = { noise: new Map(), boundary: [], done: [], faults: [] };
  const tasks = new TaskExecutor({
    onBoundary: (_job, name, version) => outcome.boundary.push(`${name}@${version}`),
    onNoise: (_job, step, tensor) => outcome.noise.set(step, [...(tensor.data as Float32Array)]),
    onLatents: (_job, _name, step) => outcome.boundary.push(`latents@${step}`),
    onRoundDone: (_job, lastStep, state) => outcome.done.push({ lastStep, state }),
    onHeld: () => {},
    onFault: (_job, error) => outcome.faults.push(error),
    leaves: () => leaves,
    ...more,
  });
  return { ...outcome, tasks };
}
