import type { SegmentSpec } from '../../execution/index.js';
import type { Plan } from '../../planner/index.js';
import { resolvePlanSettings } from '../../common/settings/index.js';

/** A plan of a component for each worker, each of which reads what the one before makes. */
export function planFor(names: readonly string[]): Plan {
  const last = names.length;
  const specs = names.map((_, at): SegmentSpec => {
    const component = at + 1;
    return {
      id: `c${component}s0`,
      component,
      index: 0,
      session: `c${component}s0`,
      microBatch: 0,
      microBatches: 1,
      sha256: '',
      sizeBytes: 0,
      inputs: [],
      outputs: [],
      sampleInput: 'sample',
      timestepInput: '',
      conditioning: [],
      localReads: [],
      boundaryReads: at === 0 ? [] : [`b${at}`],
      localWrites: [],
      boundaryWrites: component === last ? [] : [`b${component}`],
      output: component === last ? 'out' : '',
      declaredMs: 0,
    };
  });
  const partition = {
    components: specs.map(({ component }) => ({
      index: component,
      costMs: 1,
      share: 1,
      weightBytes: 0,
      nodeCount: 1,
    })),
    segments: specs.map((spec) => ({
      ...spec,
      nodes: [],
      replicatedNodes: [],
      readsSample: true,
      readsTimestep: false,
      recomputes: [],
      writesOutput: spec.output !== '',
      costMs: 1,
      weightBytes: 0,
    })),
    boundaryTensors: names.slice(1).map((_, at) => ({
      name: `b${at + 1}`,
      value: `b${at + 1}`,
      dtype: 'float32' as const,
      dims: [1],
      bytes: 4,
      producer: at + 1,
      consumers: [at + 2],
      lag: 1 as const,
    })),
    cuts: [],
    shape: 'sequential' as const,
    sampleInput: 'sample',
    timestepInput: '',
    output: 'out',
    microBatches: 1,
    halves: 1 as const,
    broadcastBytes: 0,
  };
  const settings = resolvePlanSettings({
    components: last,
    lookAhead: 'off',
    dataPath: 'relay',
    microCuts: 1,
  });
  const plan: Partial<Plan> = {
    planId: 'p',
    partition,
    placement: names.map((name) => [name]),
    specs,
    artifacts: new Map(),
    settings: settings as Plan['settings'],
    declared: true,
  };
  return plan as Plan;
}
