/** Something that took time: one row of the predicted trace. */
export interface TimelineSpan {
  readonly kind: 'compute' | 'transfer' | 'latents' | 'eps' | 'sampler';
  /** Worker that computes or sends; `coordinator` for latents and sampler. */
  readonly worker: string;
  /** Task id, tensor name, or step. */
  readonly label: string;
  readonly round: number;
  readonly startMs: number;
  readonly durationMs: number;
  /** Where it is sent, and how many bytes: transfers, latents and eps only. */
  readonly to?: string;
  readonly bytes?: number;
}

export interface TimelineRound {
  readonly round: number;
  readonly mode: 'sync' | 'async';
  readonly firstStep: number;
  readonly steps: number;
  /** When the sampler finished the round's last step: its duration is the time since the round before. */
  readonly endMs: number;
  readonly durationMs: number;
}

interface SimulatedLoad {
  readonly worker: string;
  readonly busyMs: number;
  /** Time from the first task's start to the last one's end in which it computed nothing. */
  readonly waitMs: number;
}

interface LinkLoad {
  readonly from: string;
  readonly to: string;
  readonly bytes: number;
  readonly messages: number;
}

/** The predicted run of a whole job, from the first issued round to the last latents. */
export interface Timeline {
  readonly totalMs: number;
  /** Mean duration of a settled asynchronous round, milliseconds; 0 if there are none. See {@link steadyPeriodMs}. */
  readonly periodMs: number;
  readonly rounds: readonly TimelineRound[];
  readonly workers: readonly SimulatedLoad[];
  /** Boundary tensors between workers, whole job. */
  readonly links: readonly LinkLoad[];
  /** In order of start. */
  readonly spans: readonly TimelineSpan[];
}

/** Mean duration of the last half of the asynchronous rounds, but for the last eighth, in which there is less and less to do. */
export function steadyPeriodMs(rounds: readonly TimelineRound[]): number {
  const asynchronous = rounds.filter((round) => round.mode === 'async');
  // A shorter last round says nothing about the period.
  const stride = asynchronous[0]?.steps;
  const full = asynchronous.filter((round) => round.steps === stride);
  const steady = full.slice(Math.floor(full.length / 2), Math.ceil((full.length * 7) / 8));
  return steady.length === 0 ? 0 : steady.reduce((sum, round) => sum + round.durationMs, 0) / steady.length;
}
