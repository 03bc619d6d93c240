import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AsyncDiffError } from '../../common/errors/index.js';
import { float32 } from '../../common/tensor/index.js';
import {
  denoiseExecutorSamples,
  type RoundDone,
  type RoundReport,
  type SamplingExecutor,
} from '../../execution/index.js';
import { createSampler, parseSchedulerConfig } from '../../samplers/index.js';
import { partitionGraph } from '../../planner/search/index.js';
import { JobProgram, listRounds, type Round, type ScheduleSettings } from '../../program/index.js';
import { chainGraph } from '../support/random-graph.js';

const CONFIG = parseSchedulerConfig(JSON.stringify({ _class_name: 'DDIMScheduler', clip_sample: false }));
const vector = (value: number) => float32(Float32Array.of(value), [1]);

const ONE = partitionGraph(chainGraph([1]), { components: 1 });

/** Answers at once; latents of step s are [s]. */
class PromptExecutor implements SamplingExecutor {
  readonly issued: { readonly round: Round; readonly report: RoundReport; readonly afterReports: number }[] =
    [];
  readonly asked: number[] = [];
  finished = 0;
  readonly program: JobProgram;
  readonly #failAt: number;

  constructor(settings: ScheduleSettings, failAt = -1) {
    this.program = new JobProgram(ONE, settings);
    this.#failAt = failAt;
  }
  async start(): Promise<void> {}
  issue(round: Round, report: RoundReport): void {
    this.issued.push({ round, report, afterReports: this.asked.length });
  }
  latents(): void {}
  async noisePrediction(): Promise<never> {
    throw new Error('the executor runs the sampler');
  }
  async roundDone(lastStep: number): Promise<RoundDone> {
    if (lastStep === this.#failAt) throw new AsyncDiffError('worker_lost', 'gone');
    this.asked.push(lastStep);
    const report = this.issued.find(({ round }) => round.firstStep + round.steps - 1 === lastStep)?.report;
    if (report !== 'checkpoint') return { state: undefined, held: false };
    const state = { nextStep: lastStep + 1, latents: vector(lastStep + 1), history: [] };
    return { state, held: false };
  }
  async finish() {
    this.finished += 1;
    return { workers: [] };
  }
}

const attempt = { jobId: 'job', trace: false };
const jobOf = (numInferenceSteps: number) => ({
  sampler: createSampler(CONFIG, numInferenceSteps),
  latents: vector(0),
  conditioning: {},
  timesteps: [],
  guidance: undefined,
});

describe('denoiseExecutorSamples', () => {
  it('issues every round once, in order, a window ahead; reports and checkpoints come as asked for, the last one in any case', () =>
    fc.assert(
      fc.asyncProperty(
        fc.record({
          numInferenceSteps: fc.integer({ min: 1, max: 40 }),
          stride: fc.integer({ min: 1, max: 3 }),
          roundsPerReport: fc.integer({ min: 1, max: 5 }),
          reportsPerWindow: fc.integer({ min: 1, max: 5 }),
          wantedEvery: fc.integer({ min: 0, max: 7 }),
        }),
        async ({ numInferenceSteps, stride, roundsPerReport, reportsPerWindow, wantedEvery }) => {
          const settings = { numInferenceSteps, stride, warmUp: 1, timeShift: false };
          const rounds = listRounds(settings);
          const executor = new PromptExecutor(settings);
          const progress: Round[] = [];
          const checkpoints: number[] = [];
          const wanted = (round: Round) => wantedEvery > 0 && round.firstStep % wantedEvery === 0;
          const result = await denoiseExecutorSamples({
            executor,
            ...attempt,
            job: jobOf(numInferenceSteps),
            settings,
            roundsPerReport,
            reportsPerWindow,
            wantsCheckpoint: wanted,
            onProgress: (round) => progress.push(round),
            onCheckpoint: ({ nextStep }) => checkpoints.push(nextStep),
          });
          expect(executor.issued.map(({ round }) => round)).toEqual(rounds);
          expect([...result.latents.data]).toEqual([numInferenceSteps]);
          expect(executor.finished).toBe(1);
          const window = roundsPerReport * reportsPerWindow;
          const told = (before: number) =>
            executor.issued.slice(0, before).filter(({ report }) => report !== 'nothing').length;
          for (const [at, { round, report, afterReports }] of executor.issued.entries()) {
            const done = at + 1;
            const isCheckpoint = done === rounds.length || wanted(round) || done % window === 0;
            const settled = [round, rounds[done]].map((of) => of?.mode === 'async' && of.round > 1);
            const isTold = done % roundsPerReport === 0 || settled[0] !== settled[1];
            const expected = isTold ? 'progress' : 'nothing';
            expect(report).toBe(isCheckpoint ? 'checkpoint' : expected);
            // Not before all of the window before last is told of.
            expect(afterReports).toBeGreaterThanOrEqual(
              told(Math.max(0, Math.floor(at / window) - 1) * window),
            );
          }
          expect(progress).toHaveLength(executor.asked.length);
          expect(checkpoints.at(-1)).toBe(numInferenceSteps);
        },
      ),
    ));

  it('knows the period of every run that has a settled round, however many rounds a report is of', async () => {
    for (const end of [0, 1]) {
      const settings = { numInferenceSteps: 12, stride: 1, warmUp: 3, end, timeShift: false };
      const { roundMs } = await denoiseExecutorSamples({
        executor: new PromptExecutor(settings),
        ...attempt,
        job: jobOf(12),
        settings,
        roundsPerReport: 16,
        reportsPerWindow: 2,
      });
      expect(roundMs).toHaveLength(12 - 3 - 1 - end);
    }
  });

  it('ends the job where a round fails, and keeps the last checkpoint', async () => {
    const settings = { numInferenceSteps: 10, stride: 1, warmUp: 1, timeShift: false };
    const executor = new PromptExecutor(settings, 7);
    const checkpoints: number[] = [];
    const job = jobOf(10);
    const run = denoiseExecutorSamples({
      executor,
      ...attempt,
      job,
      settings,
      roundsPerReport: 1,
      reportsPerWindow: 3,
      onCheckpoint: ({ nextStep }) => checkpoints.push(nextStep),
    });
    await expect(run).rejects.toMatchObject({ code: 'worker_lost' });
    expect([checkpoints, executor.finished]).toEqual([[3, 6], 1]);
    // The sampler stands there, too: any other step is refused.
    expect(job.sampler.step(Float32Array.of(0), 6, Float32Array.of(6))).toHaveLength(1);
  });
});
