import { AsyncDiffError } from '../../common/errors/index.js';
import type { PlannedSettings } from '../../common/settings/index.js';
import {
  type Cluster,
  type Halves,
  listRounds,
  type Partition,
  type Placement,
  placeComponents,
  scheduleOf,
  type ScheduleSettings,
  stagesOf,
} from '../../program/index.js';
import { type CostGraph, partitionGraph, type PartitionOptions, searchPartition } from '../search/index.js';
import { simulate } from '../simulator/index.js';
import type { Candidate } from './candidates.js';
import type { ChoiceRequest, ChoiceSubject, Judged } from './choice.js';
import { keptShare, predictedError } from './error-model.js';

type Simulated = Omit<Judged, keyof Candidate | 'name' | 'speedup'> & { readonly speedup: undefined };

/** Predicts time and error of configurations; what was searched for one is kept for the others. */
export class Judge {
  readonly #request: ChoiceRequest;
  readonly #limit: number;
  readonly #halves = new Map<Halves, number>();
  readonly #searches = new Map<string, ReturnType<typeof searchPartition>>();

  constructor(request: ChoiceRequest, limit: number) {
    this.#request = request;
    this.#limit = limit;
  }

  /** All calls of the whole predictor, batch and all, on the fastest worker. */
  oneWorkerMs(): number {
    const whole = this.#halfMs(1) ?? 2 * (this.#halfMs(2) ?? 0);
    return whole * this.#request.subject.calls;
  }

  /** One call for a half of the batch, or the whole where there is one, on the fastest worker: what the answer does not depend on is not counted. */
  #halfMs(halves: Halves): number | undefined {
    const known = this.#halves.get(halves);
    const graph = this.#request.graphs.get(halves);
    if (known !== undefined || typeof graph !== 'object') return known;
    const { parts, workers } = this.#request;
    const [whole] = partitionGraph(graph, { components: 1 }).components;
    const fastest = Math.max(...workers.map(({ speed }) => speed));
    const ms = ((whole?.costMs ?? 0) * parts(halves)) / halves / fastest;
    this.#halves.set(halves, ms);
    return ms;
  }

  /** What the job takes at least, milliseconds: computing alone, evenly spread. */
  leastMs(one: Candidate): number | undefined {
    const { workers } = this.#request;
    const halfMs = this.#halfMs(one.halves);
    if (halfMs === undefined) return undefined;
    const rounds = listRounds(this.#held(this.#schedule(one), aheadOf(one)));
    const inOrder = rounds.filter(({ mode }) => mode === 'sync').length;
    const spread = Math.min(one.components, workers.length);
    return (inOrder * halfMs) / this.#pipelined(one) + (rounds.length - inOrder) * (halfMs / spread);
  }

  /** With micro-batches steps in order are a pipeline: at best as fast as a round. */
  #pipelined({ components, halves }: Candidate): number {
    return Math.min(components, this.#request.parts(halves) / halves);
  }

  /** The error of the shape that looks ahead least. */
  leastError(one: Candidate): number {
    return this.#error(one, this.#schedule(one), aheadOf(one));
  }

  /** As the search cuts it; where a U-shape, which looks further ahead, is above the bound by that, cut in sequence. */
  simulated(one: Candidate, graph: CostGraph): Simulated {
    const { cuts = [], shape } = this.#request.search;
    const result = this.#simulated(one, graph, shape);
    const isOpen = cuts.length === 0 && (shape === undefined || shape === 'auto');
    return isOpen && result.verdict === 'error' && result.shape === 'u-shaped'
      ? this.#simulated(one, graph, 'sequential')
      : result;
  }

  #simulated(one: Candidate, graph: CostGraph, shape: PartitionOptions['shape']): Simulated {
    const none = {
      seconds: undefined,
      isSimulated: false,
      speedup: undefined,
      inOrder: undefined,
      shape: undefined,
    } as const;
    const { settings, refusal } = this.#request;
    const placement = this.#placement(one);
    const cluster = this.#request.clusterFor(placement);
    try {
      const microCuts = one.components === 1 || settings.microCuts === 'auto' ? 1 : settings.microCuts;
      const { partition, sessions } = this.#search(one, graph, cluster, shape).best({
        microCuts,
        lag: one.lag,
      });
      const why = refusal(graph, sessions, placement);
      if (why !== undefined) return { ...none, error: undefined, verdict: 'impossible', why };
      const schedule = this.#schedule(one, { partition, placement });
      const ahead = Math.max(...stagesOf(partition).map((stage) => stage.ahead));
      // The middle of a U-shape reads tensors that are extrapolated: the error of one round more.
      const rounds = ahead + (partition.shape === 'u-shaped' && ahead > 0 ? 1 : 0);
      const error = this.#error(one, schedule, rounds);
      const held = this.#held(schedule, ahead);
      const seconds = simulate(partition, cluster, held).totalMs / 1000;
      const inOrder = listRounds(held).filter(({ mode }) => mode === 'sync').length;
      const isWithin = error <= this.#limit;
      return {
        seconds,
        isSimulated: true,
        speedup: undefined,
        error,
        inOrder,
        shape: partition.shape,
        verdict: isWithin ? 'slower' : 'error',
        why: isWithin ? '' : 'above the bound with its margin, as it is cut',
      };
    } catch (thrown) {
      const error = AsyncDiffError.from(thrown);
      if (error.code !== 'partition_impossible') throw error;
      return { ...none, error: undefined, verdict: 'impossible', why: error.rawMessage };
    }
  }

  #placement({ components, stride, halves }: Candidate): Placement {
    return placeComponents({
      components,
      stride,
      halves,
      workerIds: this.#request.workers.map(({ id }) => id),
    });
  }

  #search(
    one: Candidate,
    graph: CostGraph,
    cluster: Cluster,
    shape: PartitionOptions['shape'],
  ): ReturnType<typeof searchPartition> {
    const key = [one.halves, one.components, one.stride, shape].join();
    const known = this.#searches.get(key);
    if (known !== undefined) return known;
    const { settings, search, parts } = this.#request;
    const made = searchPartition(graph, {
      ...search,
      shape,
      components: one.components,
      microBatches: parts(one.halves),
      halves: one.halves,
      stride: one.stride,
      lookAhead: settings.lookAhead === 'on',
      cluster,
    });
    this.#searches.set(key, made);
    return made;
  }

  #schedule(
    one: Candidate,
    plan?: { readonly partition: Partition; readonly placement: Placement },
  ): ScheduleSettings {
    const { settings, subject } = this.#request;
    return scheduleOf(scheduled(settings, subject, one), {
      steps: subject.calls,
      flow: subject.family === 'flow',
      guidanceScale: subject.family === 'stochastic' ? 1 : subject.guidanceScale,
      plan,
    });
  }

  #error(one: Candidate, schedule: ScheduleSettings, rounds: number): number {
    const { settings, subject } = this.#request;
    if (listRounds(schedule).every(({ mode }) => mode === 'sync')) return 0;
    const isParallel = one.components === 1 && (this.#placement(one).at(-1)?.length ?? 1) > 1;
    const reach = rounds * schedule.stride + schedule.stride - 1;
    const usual = scheduleOf(
      { ...scheduled(settings, subject, one), end: 'auto' },
      {
        steps: subject.calls,
        flow: subject.family === 'flow',
        guidanceScale: subject.family === 'stochastic' ? 1 : subject.guidanceScale,
      },
    );
    const told = {
      reach,
      stride: schedule.stride,
      lookAhead: settings.lookAhead === 'on' && (rounds > 0 || isParallel),
      stepParallel: isParallel,
      end: schedule.end ?? 0,
      usualEnd: usual.end ?? 0,
    };
    return predictedError(subject, told, this.#request.calibration);
  }

  /** The schedule with the steps that the tolerance is expected to hold, evenly spread. */
  #held(schedule: ScheduleSettings, rounds: number): ScheduleSettings {
    const { subject } = this.#request;
    if (subject.schedule.tolerance === 'off' || schedule.lookAhead === undefined) return schedule;
    const free: number[] = [];
    for (const { mode, firstStep, steps } of listRounds(schedule))
      if (mode === 'async') for (let step = 0; step < steps; step++) free.push(firstStep + step);
    const count = Math.round(free.length * (1 - keptShare(subject, rounds)));
    const held = Array.from({ length: count }, (_, at) => free[Math.floor((at * free.length) / count)]!);
    return { ...schedule, inOrder: [...(schedule.inOrder ?? []), ...held] };
  }
}

/** Rounds ahead at least: sequential cuts, one of which may lag. */
function aheadOf({ components, lag }: Candidate): number {
  return components === 1 ? 0 : components - 1 + (lag - 1);
}

function scheduled(settings: PlannedSettings, { schedule }: ChoiceSubject, one: Candidate) {
  const { components, stride, stepParallel, lag } = one;
  return { ...schedule, lookAhead: settings.lookAhead, components, stride, stepParallel, lag };
}
