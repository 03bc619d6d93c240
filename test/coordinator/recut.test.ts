import { describe, expect, it } from 'vitest';
import { resolvePlanSettings, type PlanOptions } from '../../common/settings/index.js';
import { cutAgain, MAX_TURNS, type TimedDeployment, type Turn } from '../../coordinator/deployment/recut.js';
import { workerLoads } from '../../coordinator/deployment/worker-loads.js';
import { makePlan, type Plan, type PlanRequest, rememberTimes } from '../../planner/index.js';
import { toProfile } from '../../planner/declared/index.js';
import { tempFolder } from '../support/temp-folder.js';
import { unetGraph } from '../support/unet-graph.js';

const graph = unetGraph(2, 2, 8);
const STEP_MS = graph.nodes.reduce((sum, { costMs }) => sum + costMs, 0);
const profileJson = JSON.stringify(
  toProfile(
    {
      name: 'two',
      model: 'a U-Net',
      device: 'a device',
      source: 'this test',
      derivation: 'its graph',
      dtype: 'float32',
      batch: 2,
      height: 64,
      width: 64,
      step_ms: STEP_MS,
      time_dilation: 1,
    },
    graph,
  ),
);

/** A plan of two workers; how much longer than declared each takes. */
class Subject {
  readonly request: PlanRequest;
  readonly turns: Turn[] = [];
  opened = 0;
  readonly #slowness: (plan: Plan, worker: number) => number;

  constructor(plan: PlanOptions, slowness: (plan: Plan, worker: number) => number) {
    this.#slowness = slowness;
    const ids = ['w1', 'w2'];
    this.request = {
      source: { kind: 'profile', profileJson },
      settings: resolvePlanSettings({ recut: 'on', components: 2, ...plan }),
      workers: ids.map((id) => ({ id, hostId: id, speed: 1, roundTripMs: 0 })),
      // Links so fast that only compute counts.
      links: [
        { from: 'w1', to: 'w2', roundTripMs: 0.01, bytesPerSecond: 1e13 },
        { from: 'w2', to: 'w1', roundTripMs: 0.01, bytesPerSecond: 1e13 },
      ],
      batchRepeat: 2,
      workDir: tempFolder(),
      devices: ['one', 'other'],
      threads: 1,
    };
  }

  plan(knownTimes?: PlanRequest['knownTimes']): Promise<Plan> {
    return makePlan({ ...this.request, knownTimes });
  }

  deployed(plan: Plan): TimedDeployment {
    this.opened += 1;
    const segmentMs = new Map(
      this.request.workers.flatMap(({ id }, worker) =>
        plan.specs
          .filter(({ component }) => plan.placement[component - 1]?.includes(id))
          .map((spec): [string, number] => [
            `${id}/${spec.id}`,
            spec.declaredMs * this.#slowness(plan, worker),
          ]),
      ),
    );
    const workers = this.request.workers.map(({ id }) => ({ id })) as unknown as TimedDeployment['workers'];
    return { plan, partition: plan.partition, workers, segmentMs };
  }

  async cutAgain(): Promise<TimedDeployment> {
    return cutAgain(this.deployed(await this.plan()), {
      planRequest: this.request,
      planWith: (known) => this.plan(known),
      open: async (plan) => this.deployed(plan),
      onTurn: (turn) => this.turns.push(turn),
    });
  }

  /** The busiest worker's compute over that of an ideal cut. */
  busiest(deployment: TimedDeployment, slowness: readonly number[]): number {
    const idealMs = STEP_MS / slowness.reduce((sum, slow) => sum + 1 / slow, 0);
    return Math.max(...workerLoads(deployment, this.request).map(({ measuredMs }) => measuredMs)) / idealMs;
  }
}

describe('cutAgain', () => {
  it.each(['sequential', 'u-shaped'] as const)(
    'gives a worker of half the speed what it computes in equal time: %s',
    async (shape) => {
      const slowness = [1, 2];
      const subject = new Subject({ shape }, (_, worker) => slowness[worker] as number);
      const before = subject.deployed(await subject.plan());
      const after = await subject.cutAgain();
      expect(subject.busiest(before, slowness)).toBeGreaterThan(1.25);
      expect(subject.busiest(after, slowness)).toBeLessThan(1.05);
      expect(subject.turns.length).toBeGreaterThan(0);
      expect(subject.turns.length).toBeLessThanOrEqual(MAX_TURNS);
      expect(after.plan.timed?.known.turn).toBe(subject.turns.length);
      expect(after.plan.planId).not.toBe(before.plan.planId);
    },
  );

  it('is remembered for predictor, devices and settings', async () => {
    const subject = new Subject({}, (_, worker) => worker + 1);
    const { plan } = await subject.cutAgain();
    const { timed } = plan;
    if (timed === undefined) throw new Error('the plan follows no times');
    rememberTimes(subject.request.workDir, timed, { ...timed.known, isSettled: true });
    const again = await subject.plan();
    expect(again.planId).toBe(plan.planId);
    expect(again.timed?.known).toEqual({ ...timed.known, isSettled: true });
    const elsewhere = await makePlan({ ...subject.request, devices: ['one', 'another'] });
    expect(elsewhere.timed?.known.times).toEqual([]);
    // Other settings begin with these times, and are not settled.
    const settings = resolvePlanSettings({ recut: 'on', components: 2, shape: 'sequential' });
    const other = await makePlan({ ...subject.request, settings });
    expect(other.timed?.known).toEqual({ times: timed.known.times, turn: 0, isSettled: false });
    expect(other.planId).not.toBe(
      (await makePlan({ ...subject.request, settings, devices: ['new'] })).planId,
    );
  });

  it('leaves a cut alone whose loads are what the plan said, or differ as two measurements do', async () => {
    const subject = new Subject({}, (_, worker) => (worker === 0 ? 3 : 3.1));
    const { plan } = await subject.cutAgain();
    expect(subject.turns).toEqual([]);
    expect(plan.timed?.known).toEqual({ times: [], turn: 0, isSettled: false });
  });

  it('takes a cut back that turns out slower', async () => {
    const first = (await new Subject({}, () => 1).plan()).planId;
    const subject = new Subject({}, (plan, worker) => (plan.planId === first ? worker + 1 : 10));
    const { plan } = await subject.cutAgain();
    expect(plan.planId).toBe(first);
    expect(subject.turns).toHaveLength(1);
    expect(subject.opened).toBe(3);
  });

  it.each([
    ['where it is off', { recut: 'off' }],
    ['where the cut is named', { cuts: ['/mid_block/blocks.0/Add_output_0'], components: 'auto' }],
    ['where there is nothing to cut', { components: 1 }],
  ] as const)('does not happen %s', async (_why, options) => {
    const { timed, settings } = await new Subject(options, () => 1).plan();
    expect(timed).toBeUndefined();
    expect(settings.recut).toBe('off');
  });
});
