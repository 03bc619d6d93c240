import { expect, it } from 'vitest';
import { guidanceOf } from '../../common/guidance/index.js';
import { resolvePlanSettings } from '../../common/settings/index.js';
import { lookAheadOptions, toleranceOf } from '../../execution/index.js';
import { scheduleOf } from '../../program/index.js';
import { createSampler, isFlow, parseSchedulerConfig } from '../../samplers/index.js';
import { chainGraph } from '../support/random-graph.js';
import { cutAt, latentNodes } from '../support/simple-partition.js';

/** The tolerance of a job, and whether it acts. */
function chosen(...asked: Parameters<typeof jobOf>): readonly unknown[] {
  const { job, options } = jobOf(...asked);
  return [toleranceOf(job), options?.tolerance];
}

function jobOf(
  className: string,
  components: number,
  options: Parameters<typeof resolvePlanSettings>[0] = {},
  guidanceScale = 1,
  steps = 20,
) {
  const graph = chainGraph([1, 1, 1, 1]);
  const nodes = latentNodes(graph);
  const partition = cutAt(graph, nodes.slice(0, components - 1));
  const sampler = createSampler(parseSchedulerConfig(JSON.stringify({ _class_name: className })), steps);
  const settings = resolvePlanSettings({ components, ...options });
  const placement = partition.components.map(({ index }) => [`worker ${index}`]);
  const schedule = scheduleOf(settings, {
    steps: sampler.numCalls,
    flow: isFlow(sampler),
    plan: { partition, placement },
  });
  const job = { schedule, settings, sampler, partition, guidance: guidanceOf(guidanceScale) };
  return { job, options: lookAheadOptions(job) };
}

it('trusts a prediction by sampler and distance', () => {
  expect(chosen('DDIMScheduler', 2)).toEqual([0.03, 0.03]);
  expect(chosen('FlowMatchEulerDiscreteScheduler', 2)).toEqual([0.05, 0.05]);
  expect(chosen('FlowMatchEulerDiscreteScheduler', 3)).toEqual([0.03, 0.03]);
  expect(chosen('EulerAncestralDiscreteScheduler', 3)).toEqual([0.1, 0.1]);
});

it.each([
  ['DDIMScheduler', 2, 2.5, 0.03],
  ['DDIMScheduler', 2, 7.5, 0.01],
  ['DDIMScheduler', 4, 15, 0.0025],
  ['DDIMScheduler', 3, 1, 0.03],
  ['FlowMatchEulerDiscreteScheduler', 2, 4.5, 0.05],
  ['FlowMatchEulerDiscreteScheduler', 2, 7.5, 0.03],
  ['FlowMatchEulerDiscreteScheduler', 3, 9, 0.0225],
  ['EulerAncestralDiscreteScheduler', 2, 7.5, 0.1],
] as const)(
  '%s, %d components: with guidance %d the tolerance is %d',
  (sampler, components, guidanceScale, expected) => {
    const [tolerance, acting] = chosen(sampler, components, {}, guidanceScale, 50) as [number, number];
    expect(tolerance).toBeCloseTo(expected, 12);
    expect(acting).toBe(tolerance);
  },
);

it.each([
  ['a flow, two rounds ahead', 'FlowMatchEulerDiscreteScheduler', 3, {}, 28, 0.0075],
  ['a flow, three rounds ahead', 'FlowMatchEulerDiscreteScheduler', 4, {}, 50, 0.005],
  ['a flow, one round ahead', 'FlowMatchEulerDiscreteScheduler', 2, {}, 28, undefined],
  ['few steps, two rounds ahead', 'DDIMScheduler', 3, {}, 12, 0.0075],
  ['more steps', 'DDIMScheduler', 3, {}, 20, undefined],
  ['fresh noise', 'EulerAncestralDiscreteScheduler', 3, {}, 12, undefined],
  [
    'a tolerance that was asked for',
    'FlowMatchEulerDiscreteScheduler',
    3,
    { tolerance: 0.02 },
    28,
    undefined,
  ],
  ['none', 'FlowMatchEulerDiscreteScheduler', 3, { tolerance: 'off' }, 28, undefined],
] as const)('early steps, %s', (_, sampler, components, options, steps, expected) => {
  expect(jobOf(sampler, components, options, 1, steps).options?.earlyTolerance).toBe(expected);
});

it('takes the tolerance that was asked for', () => {
  expect(chosen('EulerAncestralDiscreteScheduler', 2, { tolerance: 0.01 })).toEqual([0.01, 0.01]);
  expect(chosen('DDIMScheduler', 2, { tolerance: 'off' })).toEqual(['off', undefined]);
  // Nothing is predicted, so nothing can drift.
  expect(chosen('DDIMScheduler', 2, { lookAhead: 'off' })).toEqual(['off', undefined]);
});

it.each([
  ['mild guidance', { components: 2 }, { steps: 50, guidanceScale: 2 }, [2, 1]],
  ['guidance, one step ahead', { components: 2 }, { steps: 50, guidanceScale: 4.5 }, [2, 2]],
  ['few steps', { components: 2 }, { steps: 8, guidanceScale: 2 }, [2, 1]],
  ['guidance, further ahead', { components: 3 }, { steps: 50, guidanceScale: 4.5 }, [2, 2]],
  ['guidance, few steps', { components: 2 }, { steps: 12, guidanceScale: 4.5 }, [2, 1]],
  ['strong guidance, few steps', { components: 2 }, { steps: 14, guidanceScale: 7.5 }, [14, 0]],
  [
    'a flow, strong guidance, few steps',
    { components: 3 },
    { steps: 20, guidanceScale: 15, flow: true },
    [20, 0],
  ],
  ['guidance, a flow', { components: 2 }, { steps: 50, guidanceScale: 4.5, flow: true }, [2, 1]],
  ['a step on each of two workers', { stepParallel: 2 }, { steps: 50 }, [1, 2]],
  ['the same in larger steps', { stepParallel: 2 }, { steps: 20 }, [2, 1]],
] as const)('steps in order at the start and the end: %s', (_name, options, job, ends) => {
  const { warmUp, end } = scheduleOf(resolvePlanSettings(options), { flow: false, ...job });
  expect([warmUp, end]).toEqual(ends);
});
