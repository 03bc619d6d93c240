import type { ByteProgress } from '../common/byte-progress.js';
import type { JobEvent } from '../client/index.js';
import { AsyncDiffError } from '../common/errors/index.js';
import type { ProgressLine } from './progress.js';

type ProgressEvent = Extract<JobEvent, { type: 'progress' }>;
export type DoneEvent = Extract<JobEvent, { type: 'done' }>;

/** Follows a job to its end, showing how far it is; its last event. `unit`: what it counts. */
export async function watchJob(
  events: AsyncIterable<JobEvent>,
  progress: ProgressLine,
  label: string,
  onEvent?: (event: JobEvent) => Promise<void> | void,
  unit: 'steps' | 'items' = 'steps',
): Promise<DoneEvent> {
  let told = '';
  for await (const event of events) {
    if (event.type === 'queued')
      progress.update(
        event.position === 0 ? `${label}: planning` : `${label}: queued behind ${event.position}`,
      );
    else if (event.type === 'preparing') showStage(progress, label, event);
    else if (event.type === 'planned' && event.choice !== '' && event.choice !== told) {
      told = event.choice;
      progress.remark(told);
    } else if (event.type === 'progress')
      progress.update(label, event.step, event.steps, figuresOf(event, unit));
    else if (event.type === 'warning') progress.note(`warning: ${event.message}`);
    await onEvent?.(event);
    if (event.type !== 'done') continue;
    progress.clear();
    return event;
  }
  throw new AsyncDiffError('internal', 'the job ended without a result');
}

/** What is said of a running job besides its step, the most important first. */
function figuresOf(
  { speedup, stepsPerSecond, secondsLeft, driftSum }: ProgressEvent,
  unit: string,
): string[] {
  return [
    ...(speedup > 0 ? [`${speedup.toFixed(2)}x`] : []),
    `${rate(stepsPerSecond)} ${unit}/s`,
    ...(secondsLeft > 0 ? [`${duration(secondsLeft)} left`] : []),
    ...(driftSum === undefined ? [] : [`drift ${driftSum === 0 ? '0' : driftSum.toExponential(0)}`]),
  ];
}

/** Three digits, and no exponent. */
function rate(perSecond: number): string {
  return perSecond >= 100 ? perSecond.toFixed(0) : perSecond.toPrecision(3);
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

/** What the stages of preparing are called. */
const STAGES: Readonly<Record<string, string>> = Object.freeze({
  join: 'waiting for a worker to join',
  fold: 'planning (shapes)',
  cut: 'planning (cut)',
  hash: 'hashing weights',
  send: 'sending weights',
  open: 'opening sessions',
  measure: 'measuring sessions',
});

/** Shows a stage of preparing, with its percentage where it has one. */
export function showStage(
  progress: ProgressLine,
  label: string,
  {
    stage,
    fraction,
    bytes,
  }: { readonly stage: string; readonly fraction: number; readonly bytes?: ByteProgress | undefined },
): void {
  const text = `${label}: ${STAGES[stage] ?? stage}`;
  if (fraction > 0)
    progress.update(text, Math.floor(fraction * 100), 100, bytes === undefined ? [] : [describeBytes(bytes)]);
  else progress.update(text);
}

/** `0.42 of 1.72 GB at 118 MB/s, 11 s left`. */
function describeBytes({ doneBytes, totalBytes, bytesPerSecond, secondsLeft }: ByteProgress): string {
  const amount = `${(doneBytes / 1e9).toFixed(2)} of ${(totalBytes / 1e9).toFixed(2)} GB`;
  if (bytesPerSecond === 0) return amount;
  const rate = `${amount} at ${(bytesPerSecond / 1e6).toFixed(0)} MB/s`;
  return secondsLeft === undefined ? rate : `${rate}, ${Math.ceil(secondsLeft)} s left`;
}
