import type { ByteProgress } from '../common/byte-progress.js';

/** What planning is at, in order. `fold`: shapes; `hash`: the weights, once; `cut`: the search for the best parts. */
type PlanningStage = 'fold' | 'hash' | 'cut';

/** How far planning is. */
export interface PlanningProgress {
  readonly stage: PlanningStage;
  /** 0 to 1 of the stage; 0 where a stage cannot tell. */
  readonly fraction: number;
  /** Of `hash`. */
  readonly bytes?: ByteProgress | undefined;
}

export type OnPlanningProgress = (progress: PlanningProgress) => void;
