import { AsyncDiffError } from '../../common/errors/index.js';
import { errorLimit } from '../../common/settings/index.js';
import { candidates, configurationName } from './candidates.js';
import type { Choice, ChoiceRequest, ChoiceSubject, Judged } from './choice.js';
import { Judge } from './judge.js';

/** Predicted times within this factor count as equal; then the smaller error decides. */
const TIE = 1.03;
/** Configurations that are searched and simulated, the most promising first: each may take a second on a large model. One component is not searched. */
const MAX_SIMULATED = 8;
/** Factor between prediction and bound: measured errors are up to twice the predicted ones (docs/quality.md). */
const MARGIN = 2;

/**
 * Of what the settings leave open, the fastest configuration whose predicted error is within the bound. Those above it are left out before anything
 * is searched; the others are simulated in the order of the least that they could take, until none can be faster.
 *
 * @throws AsyncDiffError `invalid_settings` where nothing is within the bound; `partition_impossible` where nothing fits the workers
 */
export function choosePlan(request: ChoiceRequest): Choice {
  const { settings, workers } = request;
  const limit = errorLimit(settings.maxError);
  const all = candidates({ ...request, settings, workers: workers.length });
  const judge = new Judge(request, limit / MARGIN);
  const oneWorkerMs = judge.oneWorkerMs();
  const promising = all
    .map((one) => ({ one, leastMs: judge.leastMs(one), error: judge.leastError(one) }))
    .sort((a, b) => (a.leastMs ?? 0) - (b.leastMs ?? 0) || (a.error ?? 0) - (b.error ?? 0));
  const judged: Judged[] = [];
  let bestMs = Number.POSITIVE_INFINITY;
  let simulated = 0;
  for (const { one, leastMs, error } of promising) {
    const named = { ...one, name: configurationName(one) };
    const told = (seconds: number | undefined) => speedOf(seconds, oneWorkerMs);
    const none = {
      seconds: undefined,
      isSimulated: false,
      inOrder: undefined,
      speedup: undefined,
      shape: undefined,
    };
    const graph = request.graphs.get(one.halves);
    if (leastMs === undefined || typeof graph !== 'object') {
      const why = typeof graph === 'string' ? graph : 'its costs are not known';
      judged.push({ ...named, ...none, error: undefined, verdict: 'impossible', why });
    } else if (error > limit / MARGIN) {
      judged.push({
        ...named,
        ...none,
        ...told(leastMs),
        isSimulated: false,
        error,
        verdict: 'error',
        why: `above the bound, with a margin of ${MARGIN}`,
      });
    } else if (leastMs > bestMs * TIE || (simulated >= MAX_SIMULATED && one.components > 1)) {
      const why =
        leastMs > bestMs * TIE ? 'slower however it is cut' : `${simulated} that promised more were tried`;
      judged.push({ ...named, ...none, ...told(leastMs), error, verdict: 'slower', why });
    } else {
      const result = judge.simulated(one, graph);
      judged.push({
        ...named,
        ...result,
        ...(result.seconds === undefined ? {} : told(result.seconds * 1000)),
      });
      if (result.isSimulated && one.components > 1) simulated += 1;
      if (result.verdict === 'slower')
        bestMs = Math.min(bestMs, (result.seconds ?? Number.POSITIVE_INFINITY) * 1000);
    }
  }
  return decided(judged, limit, request);
}

function speedOf(ms: number | undefined, oneWorkerMs: number): Pick<Judged, 'seconds' | 'speedup'> {
  return ms === undefined
    ? { seconds: undefined, speedup: undefined }
    : { seconds: ms / 1000, speedup: oneWorkerMs / ms };
}

function decided(judged: readonly Judged[], limit: number, { subject, workers }: ChoiceRequest): Choice {
  const able = judged.filter(({ isSimulated, verdict }) => isSimulated && verdict === 'slower');
  if (able.length === 0) throw nothingFits(judged, limit);
  const least = Math.min(...able.map(({ seconds = Number.POSITIVE_INFINITY }) => seconds));
  const alike = able.filter(({ seconds = Number.POSITIVE_INFINITY }) => seconds <= least * TIE);
  // Among equals: less error, then fewer workers and less staleness.
  const best = alike.reduce((one, other) => (rankOf(other) < rankOf(one) ? other : one));
  const chosen: Judged = { ...best, verdict: 'chosen', why: 'the fastest within the bound' };
  const all = judged
    .map((one) =>
      one === best ? chosen : one.verdict === 'slower' && one.why === '' ? { ...one, why: 'slower' } : one,
    )
    .toSorted((a, b) => (a.seconds ?? Number.POSITIVE_INFINITY) - (b.seconds ?? Number.POSITIVE_INFINITY));
  return { chosen, judged: all, limit, advice: adviceFor(chosen, subject, workers.length) };
}

function rankOf({ error = 0, components, halves, stepParallel, stride, lag }: Judged): number {
  return error + 1e-15 * (components * halves + stepParallel + stride + lag);
}

function adviceFor(chosen: Judged, { calls }: ChoiceSubject, workers: number): string {
  const used = chosen.components * chosen.halves * Math.max(1, chosen.stepParallel);
  const mostly = (chosen.inOrder ?? 0) > calls / 2 && chosen.components > 1;
  if (workers > 1 && used === 1)
    return 'more workers do not help here: nothing within the bound is faster than one';
  if (mostly)
    return `${Math.round(chosen.inOrder ?? 0)} of ${calls} steps are expected to run in order: more workers hardly help; lower guidance or more steps would`;
  return '';
}

function nothingFits(judged: readonly Judged[], limit: number): AsyncDiffError {
  const within = judged.filter(({ verdict }) => verdict === 'impossible');
  if (within.length === judged.length)
    return new AsyncDiffError(
      'partition_impossible',
      `no configuration fits: ${within.map(({ name, why }) => `${name}: ${why}`).join('; ')}`,
    );
  const nearest = judged
    .filter(({ error }) => error !== undefined)
    .reduce((one, other) => ((other.error ?? 1) < (one.error ?? 1) ? other : one));
  return new AsyncDiffError(
    'invalid_settings',
    `max_error is ${limit.toExponential(1)}, and nothing that the settings leave open is within it: the least is ${nearest.name} with ${(nearest.error ?? 0).toExponential(1)}`,
    { hint: 'Raise --max-error, or leave --components, --stride and --lag to it.' },
  );
}
