import type { CommandIo } from './io.js';

const BAR_WIDTH = 24;
/** Where stderr is no terminal, a line every quarter: logs stay short. */
const PLAIN_LINES = 4;

/** A one-line progress bar on stderr. Quiet where told so. */
export class ProgressLine {
  readonly #io: CommandIo;
  readonly #quiet: boolean;
  #drawn = false;
  #label = '';
  #quarter = -1;

  constructor(io: CommandIo, quiet: boolean) {
    this.#io = io;
    this.#quiet = quiet;
  }

  /** Shows `label`, a bar if there is something to count, and what else there is to say of it. */
  update(label: string, done = 0, total = 0, detail = ''): void {
    if (this.#quiet) return;
    if (this.#io.stderr.isTTY === true) {
      const filled = total === 0 ? 0 : Math.round((done / total) * BAR_WIDTH);
      const bar =
        total === 0 ? '' : ` ${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ${done}/${total}`;
      this.#io.stderr.write(`\r\u001b[2K${label}${bar}${detail === '' ? '' : ` ${detail}`}`);
      this.#drawn = true;
      return;
    }
    const quarter = total === 0 ? 0 : Math.floor((done / total) * PLAIN_LINES);
    if (label === this.#label && quarter === this.#quarter) return;
    this.#label = label;
    this.#quarter = quarter;
    this.#io.stderr.write(
      total === 0 ? `${label}\n` : `${label} ${done}/${total}${detail === '' ? '' : ` (${detail})`}\n`,
    );
  }

  /** A line of its own above the bar. */
  note(text: string): void {
    this.clear();
    this.#io.stderr.write(`${text}\n`);
  }

  /** Removes the bar. */
  clear(): void {
    if (this.#drawn) this.#io.stderr.write('\r\u001b[2K');
    this.#drawn = false;
    this.#label = '';
    this.#quarter = -1;
  }
}
