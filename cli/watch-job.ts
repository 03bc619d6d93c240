import type { JobEvent } from '../client/index.js';
import { AsyncDiffError } from '../common/errors/index.js';
import type { ProgressLine } from './progress.js';

export type DoneEvent = Extract<JobEvent, { type: 'done' }>;

/** Follows a job to its end, showing how far it is; its last event. */
export async function watchJob(
  events: AsyncIterable<JobEvent>,
  progress: ProgressLine,
  label: string,
  onEvent?: (event: JobEvent) => Promise<void> | void,
): Promise<DoneEvent> {
  for await (const event of events) {
    if (event.type === 'queued')
      progress.update(
        event.position === 0 ? `${label}: planning` : `${label}: queued behind ${event.position}`,
      );
    else if (event.type === 'preparing') showStage(progress, label, event);
    else if (event.type === 'progress') progress.update(label, event.step, event.steps);
    else if (event.type === 'warning') progress.note(`warning: ${event.message}`);
    await onEvent?.(event);
    if (event.type !== 'done') continue;
    progress.clear();
    return event;
  }
  throw new AsyncDiffError('internal', 'the job ended without a result');
}

/** What the stages of preparing are called. */
const STAGES: Readonly<Record<string, string>> = Object.freeze({
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
  { stage, fraction }: { readonly stage: string; readonly fraction: number },
): void {
  const text = `${label}: ${STAGES[stage] ?? stage}`;
  if (fraction > 0) progress.update(text, Math.floor(fraction * 100), 100);
  else progress.update(text);
}
