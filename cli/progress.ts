import type { CommandIo } from './io.js';
import { printable } from './printable.js';

const BAR_WIDTH = 24;
const MIN_BAR_WIDTH = 6;
/** Width of a terminal that does not tell it. */
const USUAL_COLUMNS = 80;
/** Where stderr is no terminal: a line every quarter, so that logs stay short, and one now and then in a long run. */
const PLAIN_LINES = 4;
const PLAIN_MS = 15_000;

/** What is counted, and what is said of it besides, the most important first. */
interface Progress {
  readonly done: number;
  readonly total: number;
  readonly figures?: readonly string[];
}

/**
 * A progress line of at most `columns` characters: first the bar gets shorter, then figures are left out, the least important first, then the bar goes,
 * then the label is cut.
 */
export function progressText(
  label: string,
  { done, total, figures = [] }: Progress,
  columns: number,
): string {
  if (total === 0) return label.slice(0, columns);
  const count = `${done}/${total}`;
  for (let kept = figures.length; kept >= 0; kept--) {
    const tail = [count, ...figures.slice(0, kept)].join('  ');
    const room = columns - label.length - tail.length - 2;
    if (room >= MIN_BAR_WIDTH) return `${label} ${bar(done / total, Math.min(BAR_WIDTH, room))} ${tail}`;
  }
  const room = columns - count.length - 1;
  return room > 0 ? `${label.slice(0, room)} ${count}` : count.slice(0, columns);
}

function bar(share: number, width: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * width);
  return `${'█'.repeat(filled)}${'░'.repeat(width - filled)}`;
}

/** A one-line progress bar on stderr. Quiet where told so. */
export class ProgressLine {
  readonly #io: CommandIo;
  readonly #quiet: boolean;
  readonly #nowMs: () => number;
  #drawn = false;
  #label = '';
  #quarter = -1;
  #plainMs = 0;

  constructor(io: CommandIo, quiet: boolean, nowMs: () => number = () => performance.now()) {
    this.#io = io;
    this.#quiet = quiet;
    this.#nowMs = nowMs;
  }

  /** Shows `label`, and a bar if there is something to count. `figures`: what is said besides, the most important first. */
  update(label: string, done = 0, total = 0, figures: readonly string[] = []): void {
    if (this.#quiet) return;
    const progress = { done, total, figures };
    const { stderr } = this.#io;
    if (stderr.isTTY === true) {
      // A character in the last column makes some terminals go to the next line.
      const columns = (stderr.columns ?? USUAL_COLUMNS) - 1;
      stderr.write(`\r\u001b[2K${progressText(label, progress, columns)}`);
      this.#drawn = true;
      return;
    }
    const quarter = total === 0 ? 0 : Math.floor((done / total) * PLAIN_LINES);
    const nowMs = this.#nowMs();
    const isNew = label !== this.#label || quarter !== this.#quarter;
    if (!isNew && nowMs - this.#plainMs < PLAIN_MS) return;
    this.#label = label;
    this.#quarter = quarter;
    this.#plainMs = nowMs;
    stderr.write(`${total === 0 ? label : [`${label} ${done}/${total}`, ...figures].join('  ')}\n`);
  }

  /** A line of its own above the bar. */
  note(text: string): void {
    this.clear();
    this.#io.stderr.write(`${printable(text)}\n`);
  }

  /** The same of what is good to know only: not where it is quiet. */
  remark(text: string): void {
    if (!this.#quiet) this.note(text);
  }

  /** Removes the bar. */
  clear(): void {
    if (this.#drawn) this.#io.stderr.write('\r\u001b[2K');
    this.#drawn = false;
    this.#label = '';
    this.#quarter = -1;
  }
}
