import type { ByteProgress } from '../common/byte-progress.js';
import type { Tensor } from '../common/tensor/index.js';
import type { RunReport } from './run-report.js';

/** What happens to a job, in order. `queued` and `planned` may come again (a worker was lost); `done` is the last. */
export type JobEvent =
  /** `position`: jobs ahead. */
  | { readonly type: 'queued'; readonly jobId: string; readonly position: number }
  /**
   * The job waits for a worker that may be about to join (`join`), for its plan, or for workers that get it: `fold`, `cut` and `hash` are planning, `send`, `open` and `measure` the workers. `fraction` is
   * 0 to 1 of the stage.
   */
  | {
      readonly type: 'preparing';
      readonly jobId: string;
      readonly stage: string;
      readonly fraction: number;
      /** Of `hash` and `send`: how far in bytes, at what rate, and how long it still takes; undefined for stages that move no bytes. */
      readonly bytes?: ByteProgress | undefined;
    }
  | {
      readonly type: 'planned';
      readonly jobId: string;
      readonly components: number;
      readonly stride: number;
      readonly warmUp: number;
      readonly workers: number;
      readonly rounds: number;
      readonly predictedPeriodMs: number;
      /** What the planner chose within `maxError`, and what it rejected, in a sentence; empty where nothing was left to it. */
      readonly choice: string;
    }
  /**
   * `step` steps of `steps` are finished. So far, planning and sending left out: `stepsPerSecond`; `speedup` against one worker that holds the whole predictor,
   * whose time is predicted from what the parts took when they were opened (0 where that is not known); `driftSum`, the sum of the squared drifts of the steps that
   * did not run in order, as far as they are known (see `RunReport`), undefined where nothing is predicted: it may fall once after a loss, whose first repeated step
   * runs in order. `secondsLeft` is predicted.
   */
  | {
      readonly type: 'progress';
      readonly jobId: string;
      readonly step: number;
      readonly steps: number;
      readonly round: number;
      readonly stepsPerSecond: number;
      readonly speedup: number;
      readonly secondsLeft: number;
      readonly driftSum: number | undefined;
    }
  /** PNG of the first image as the latents after `step` steps would be decoded now: latents that the sampler has made, never predicted ones. */
  | { readonly type: 'preview'; readonly jobId: string; readonly step: number; readonly image: Uint8Array }
  /** Latents before a step, and its guided noise prediction; float32. */
  | {
      readonly type: 'step';
      readonly jobId: string;
      readonly step: number;
      readonly timestep: number;
      readonly latents: Tensor;
      readonly eps: Tensor;
    }
  /** Of a run: what the model made of an item of the list, by the names of its outputs. */
  | {
      readonly type: 'output';
      readonly jobId: string;
      /** Place in the list, from 0. */
      readonly item: number;
      readonly outputs: Readonly<Record<string, Tensor>>;
    }
  | { readonly type: 'warning'; readonly jobId: string; readonly message: string }
  | {
      readonly type: 'done';
      readonly jobId: string;
      /** PNG (.npy where the output type is `np`), one per image; of videos their frames, video after video. Empty for denoise and for sound. */
      readonly images: readonly Uint8Array[];
      /** Where the images are frames of videos: how many each has, and how many a second. */
      readonly video: { readonly frames: number; readonly fps: number } | undefined;
      /** WAV, one per sound; empty elsewhere. */
      readonly audio: readonly Uint8Array[];
      /** Final latents, float32 [batch, channels, ...]; of a run, which has none, float32 [0]. */
      readonly latents: Tensor;
      /** Final latents by the graph's names where it has several; `latents` is then the first. Empty elsewhere. */
      readonly jointLatents: Readonly<Record<string, Tensor>>;
      /** Of a run: its outputs by place in the list, then by name. Empty elsewhere. */
      readonly outputs: readonly Readonly<Record<string, Tensor>>[];
      /** Of a run with states: those after the last item, by the name of the output. */
      readonly states: Readonly<Record<string, Tensor>>;
      readonly report: RunReport;
      /** Chrome trace JSON; empty unless asked for. */
      readonly trace: string;
    };

/** A finished job. */
export type JobResult = Extract<JobEvent, { type: 'done' }>;
