import type { RunReport } from '../../client/index.js';
import type { MeasuredConfig, Sample, BenchWorker } from '../../cli/bench/index.js';
import { chosenSettings, resolvePlanSettings } from '../../common/settings/index.js';
import { float32 } from '../../common/tensor/index.js';

/** Settings as a run of two components had them. */
export const RUN_SETTINGS: ReturnType<typeof chosenSettings> = chosenSettings(
  resolvePlanSettings({
    components: 2,
    warmUp: 2,
    end: 0,
    laggedCut: 0,
    shape: 'sequential',
    microCuts: 1,
    recompute: 'on',
    maxWorkers: 2,
    guidanceSplit: 'off',
    tolerance: 0.03,
    recut: 'off',
  }),
);

/** A report as a coordinator gives it, of two workers on ten steps. */
export function runReport(changes: Partial<RunReport> = {}): RunReport {
  return {
    seconds: 1,
    totalSeconds: 1.2,
    steps: 10,
    rounds: 10,
    settings: RUN_SETTINGS,
    bytesBetweenWorkers: 2_000_000,
    periodMs: 80,
    predictedPeriodMs: 78,
    simulatedSeconds: 0.95,
    maxShare: 0.5,
    broadcastBytesPerRound: 3_000_000,
    declared: false,
    timeDilation: 1,
    coordinatorCpuMs: 1,
    cuts: ['cut'],
    planId: 'plan',
    stages: [],
    throughput: undefined,
    version: '0',
    predictorId: 'predictor',
    programId: 'program',
    inputsSha256: '',
    runtimes: [],
    latentsSha256: '',
    programChanges: 0,
    recutTurns: 0,
    restarts: 0,
    drifts: [],
    driftSum: 0,
    inOrderSteps: [0, 1, 2],
    heldSteps: [],
    notes: [],
    workers: ['a', 'b'].map((name, index) => ({
      workerId: name,
      name,
      device: 'cpu',
      components: [index + 1],
      computeMs: 500,
      waitMs: 100,
      sentBytes: 1_000_000,
      plannedShare: 0.5,
      measuredShare: 0.5,
    })),
    ...changes,
  };
}

export function benchSample(changes: Partial<RunReport> = {}, latents: readonly number[] = [1, 2]): Sample {
  return {
    report: runReport(changes),
    latents: float32(Float32Array.from(latents), [latents.length]),
    images: [],
    trace: '',
  };
}

/** Pairs of seconds, sequential first. */
export function benchMeasured(
  pairs: readonly (readonly [number, number])[],
  changes: Partial<RunReport> = {},
): MeasuredConfig {
  return {
    config: { name: 'n2s1', plan: { components: 2, stride: 1 } },
    sequential: pairs.map(([seconds]) =>
      benchSample({ ...changes, settings: { ...RUN_SETTINGS, components: 1 }, seconds }),
    ),
    samples: pairs.map(([, seconds]) => benchSample({ ...changes, seconds })),
    untimed: [],
    traced: undefined,
  };
}

export function workerFact(name: string, changes: Partial<BenchWorker> = {}): BenchWorker {
  return {
    name,
    device: 'cpu',
    threads: 1,
    version: '1.0.0',
    onnxruntimeVersion: '1.30.0',
    nodeVersion: 'v20.0.0',
    roundTripMs: 0.1,
    hostName: 'host',
    hostId: 'host-1',
    machineId: 'machine-1',
    declared: null,
    ...changes,
  };
}
