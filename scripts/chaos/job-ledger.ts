interface Entry {
  /** Process of the coordinator that began it. */
  pid: number;
  started: number;
  outcomes: string[];
}

/** What the coordinator's log says of every job. */
export class JobLedger {
  readonly #jobs = new Map<string, Entry>();

  /** A line of the log. */
  read(line: Readonly<Record<string, unknown>>): void {
    const { job, msg, pid, outcome } = line;
    if (typeof job !== 'string') return;
    const entry = this.#jobs.get(job) ?? { pid: Number(pid), started: 0, outcomes: [] };
    if (msg === 'job started') entry.started += 1;
    if (msg === 'job ended') entry.outcomes.push(String(outcome));
    this.#jobs.set(job, entry);
  }

  /** Jobs that were begun or ended more than once. */
  get twice(): string[] {
    return [...this.#jobs].flatMap(([id, { started, outcomes }]) =>
      started > 1 || outcomes.length > 1
        ? [`${id}: begun ${started} times, ended ${outcomes.join(', ')}`]
        : [],
    );
  }

  /** Jobs that a coordinator with this process began and did not end. */
  open(pid: number): string[] {
    return [...this.#jobs].flatMap(([id, entry]) =>
      entry.pid === pid && entry.outcomes.length === 0 ? [id] : [],
    );
  }

  /** How it ended; undefined where the log does not say. */
  outcome(jobId: string): string | undefined {
    return this.#jobs.get(jobId)?.outcomes.at(-1);
  }
}
