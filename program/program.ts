import { isLastComponent } from './guidance-split.js';
import { LATENTS } from './latents.js';
import type { Partition, Segment } from './partition.js';
import type { Round, ScheduleSettings } from './rounds.js';
import { segmentsOfRun } from './run-segments.js';
import { type Read, type Task, taskId } from './task.js';

/** The version of a boundary tensor that `round` reads: its own in a synchronous round, else `lag` rounds back. */
export function readVersion(round: Round, lag: number): number {
  return round.mode === 'sync' ? round.round : Math.max(round.round - lag, round.lastSync);
}

/** States are those that the item before made. */
export function stateReads(item: Segment['item'], round: number): Read[] {
  return (item?.states ?? []).map(({ input, value }) => ({ name: value, version: round - 1, input }));
}

/**
 * The tasks of one round of AsyncDiff (arXiv 2406.06911, section 3), in an order in which one process may run them. The outputs of
 * a round are version `round` of the boundary tensors. With look-ahead: {@link AheadProgram}, in look-ahead.ts.
 */
export function expandRound(partition: Partition, round: Round, settings: ScheduleSettings): Task[] {
  const lags = new Map(partition.boundaryTensors.map((tensor) => [tensor.name, tensor.lag]));
  const task = (segment: Segment, run: number, runs: number): Task => {
    const step = isLastComponent(partition, segment.component)
      ? round.firstStep + run
      : round.firstStep + round.steps - 1;
    const shift = settings.timeShift && round.mode === 'async' ? 1 : 0;
    const made = { round: round.round, segment: segment.id, run, version: round.round };
    return {
      ...made,
      id: taskId(made),
      component: segment.component,
      sampleStep: round.firstStep,
      timestepStep: step - shift,
      latents: { name: LATENTS, version: round.firstStep },
      reads: [
        ...segment.boundaryReads.map((name) => ({
          name,
          version: readVersion(round, lags.get(name) ?? 1),
        })),
        ...stateReads(segment.item, round.round),
      ],
      writes: run === runs - 1 ? segment.boundaryWrites.map((name) => ({ name, version: round.round })) : [],
      epsStep: segment.writesOutput && partition.carried === undefined ? round.firstStep + run : undefined,
    };
  };
  if (round.mode === 'sync') return partition.segments.map((segment) => task(segment, 0, 1));
  const tasks: Task[] = [];
  for (const { index } of partition.components) {
    const runs = isLastComponent(partition, index) ? round.steps : 1;
    for (let run = 0; run < runs; run++) {
      const segments = segmentsOfRun(partition, index, run === runs - 1);
      tasks.push(...segments.map((segment) => task(segment, run, runs)));
    }
  }
  return tasks;
}

/** The oldest version that this round or any later one may read: older ones can be dropped. */
export function oldestVersionRead(partition: Partition, round: Round): number {
  if (round.mode === 'sync') return round.round - ((partition.carried ?? []).length > 0 ? 1 : 0);
  const maxLag = partition.boundaryTensors.reduce((lag, tensor) => Math.max(lag, tensor.lag), 1);
  return Math.max(round.round - maxLag, round.lastSync);
}
