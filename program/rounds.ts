/** What the schedule of one job needs to know, besides the partition. */
export interface ScheduleSettings {
  /** T, steps of the sampler: calls of the model. */
  readonly numInferenceSteps: number;
  /** S, steps finished per asynchronous round. */
  readonly stride: number;
  /** w, leading steps that run in order, 1..T. */
  readonly warmUp: number;
  /** Feed the predictor, in asynchronous rounds, the timestep of one step earlier (AsyncDiff's `time_shift`). Not with look-ahead. */
  readonly timeShift: boolean;
  /** Step at which the job (or, after a loss or a drift, this attempt of it) begins, its first warm-up step. Defaults to 0. */
  readonly firstStep?: number | undefined;
  /** Steps at the end that run in order. Defaults to 0. */
  readonly end?: number | undefined;
  /** Further steps that run in order, anywhere. */
  readonly inOrder?: readonly number[] | undefined;
  /** Components run ahead, on predicted latents. Left out: as in AsyncDiff. */
  readonly lookAhead?: LookAheadSchedule | undefined;
}

/** How the program looks ahead. */
export interface LookAheadSchedule {
  /** Whether the runs of component N in one round are spread over several workers: then none can wait for the latents of the one before. */
  readonly replicas: boolean;
}

/**
 * One round. Synchronous rounds advance one step with staleness 0; asynchronous rounds advance up to S steps.
 * Rounds are numbered so that the last warm-up step is round 0: warm-up step i is round i - (w - 1).
 */
export interface Round {
  readonly round: number;
  readonly mode: 'sync' | 'async';
  /** k, index of the first step that it covers. */
  readonly firstStep: number;
  /** Steps that it covers: 1 in a synchronous round, up to S in an asynchronous one. */
  readonly steps: number;
  /** The last synchronous round before or at this one: nothing older than it is ever read from here on. */
  readonly lastSync: number;
}

/** The rounds of a whole job: warm-up, then asynchronous rounds, broken by the steps that run in order. */
export function listRounds(settings: ScheduleSettings): Round[] {
  const { numInferenceSteps, stride, warmUp, firstStep = 0, end = 0, inOrder = [] } = settings;
  const extra = new Set(inOrder);
  const runsInOrder = (step: number): boolean =>
    step < firstStep + warmUp || step >= numInferenceSteps - end || extra.has(step);
  const rounds: Round[] = [];
  let lastSync = 1 - warmUp;
  for (let step = firstStep, round = lastSync; step < numInferenceSteps; round++) {
    const inSync = runsInOrder(step);
    if (inSync) lastSync = round;
    let steps = 1;
    if (!inSync)
      while (steps < stride && step + steps < numInferenceSteps && !runsInOrder(step + steps)) steps++;
    rounds.push({ round, mode: inSync ? 'sync' : 'async', firstStep: step, steps, lastSync });
    step += steps;
  }
  return rounds;
}

/** The last step of a round. */
export function lastStepOf({ firstStep, steps }: Round): number {
  return firstStep + steps - 1;
}
