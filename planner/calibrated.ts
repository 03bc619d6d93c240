import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { plannedSettings } from '../common/settings/index.js';
import { type Placement, placedWorkers } from '../program/index.js';
import { calibrate, scaleCosts } from './calibration/index.js';
import type { MeasuredCosts } from './measure.js';
import type { PlanRequest, PlanWorker, TimedPlan } from './plan.js';
import { type KnownTimes, RememberedTimes, type TimesSubject } from './remembered-times.js';
import type { CostGraph } from './search/index.js';

/** What a partition is searched for. */
interface Calibrated {
  readonly graph: CostGraph;
  readonly workers: readonly PlanWorker[];
  /** Undefined where nothing follows measured times: `recut` is off, cuts are named, or there is nothing to cut. */
  readonly timed: TimedPlan | undefined;
}

/** A predictor's costs and the workers' speeds as measured times have them, where the settings ask for it and times are known. */
export function calibrated(
  request: PlanRequest,
  { graph, prepared }: Pick<MeasuredCosts, 'graph' | 'prepared'>,
  placement: Placement,
): Calibrated {
  const { settings, source, devices, workers } = request;
  const isCut = settings.cuts.length === 0 && placement.length > 1 && placedWorkers(placement).length > 1;
  if (settings.recut !== 'on' || devices === undefined || !isCut) return { graph, workers, timed: undefined };
  const predictor =
    source.kind === 'model'
      ? (prepared?.key ?? '')
      : createHash('sha256').update(source.profileJson).digest('hex');
  const subject: TimesSubject = {
    predictor,
    devices,
    settings: { ...plannedSettings(settings), recut: undefined },
  };
  const known = request.knownTimes ?? rememberedTimes(request.workDir).get(subject);
  const speeds = workers.map(({ speed }) => speed);
  if (known.times.length === 0) return { graph, workers, timed: { subject, known, speeds } };
  const calibration = calibrate(graph, known.times, { speeds, costsAreExact: source.kind === 'profile' });
  return {
    graph: scaleCosts(graph, calibration),
    workers: workers.map((worker, at) => ({ ...worker, speed: calibration.speeds[at] ?? worker.speed })),
    timed: { subject, known, speeds: calibration.speeds },
  };
}

/** From now on plans like this one begin with what is known. */
export function rememberTimes(workDir: string, { subject }: TimedPlan, known: KnownTimes): void {
  rememberedTimes(workDir).keep(subject, known);
}

/** What is known of the times of plans that this folder is for. */
export function rememberedTimes(workDir: string): RememberedTimes {
  return new RememberedTimes(join(workDir, 'times'));
}
