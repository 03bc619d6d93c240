/** Makes every choice in every way, one run after another: the next run changes the last choice that has another way left. */
export class Choices {
  readonly #maxOther: number;
  #taken: { choice: number; of: number }[] = [];
  #at = 0;
  #others = 0;

  /** @param maxOther choices of a run that may be another than the first way */
  constructor(maxOther = Number.POSITIVE_INFINITY) {
    this.#maxOther = maxOther;
  }

  next(of: number): number {
    const known = this.#taken[this.#at];
    const choice = known?.choice ?? 0;
    if (known === undefined) this.#taken.push({ choice: 0, of: this.#others < this.#maxOther ? of : 1 });
    if (choice > 0) this.#others += 1;
    this.#at += 1;
    return choice;
  }

  /** The same choices once more. */
  again(): void {
    this.#at = 0;
    this.#others = 0;
  }

  /** False when all ways were taken. */
  advance(): boolean {
    this.again();
    while (this.#taken.length > 0) {
      const last = this.#taken.at(-1) as { choice: number; of: number };
      last.choice += 1;
      if (last.choice < last.of) return true;
      this.#taken.pop();
    }
    return false;
  }

  toString(): string {
    return this.#taken.map(({ choice }) => choice).join('');
  }
}
