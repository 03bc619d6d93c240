import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { float32, type Tensor } from '../../../common/tensor/index.js';
import { findSampler } from '../../../samplers/index.js';
import { GivenDraws, Pipeline, Tokenizer } from '../../../coordinator/pipeline/index.js';
import { concat } from '../../../coordinator/pipeline/kit/index.js';
import { openPredictor, runPlainly } from '../../support/pipeline-reference.js';
import { RecordedPipeline, RECORDINGS } from '../../support/recorded-pipeline.js';

const isThere = existsSync(RECORDINGS);
if (!isThere) console.warn(`no recorded pipelines in ${RECORDINGS}: they are skipped`);
const found = !isThere
  ? []
  : readdirSync(RECORDINGS).filter(
      (name) =>
        existsSync(join(RECORDINGS, name, 'case.json')) &&
        findSampler(new RecordedPipeline(RECORDINGS, name).json.scheduler) !== undefined,
    );

function numbers(tensor: Tensor): number[] {
  return Array.from(tensor.data as Float32Array, Number);
}

function difference(a: Tensor | undefined, b: Tensor): number {
  if (a === undefined || a.data.length !== b.data.length) return Number.POSITIVE_INFINITY;
  const [left, right] = [numbers(a), numbers(b)];
  return left.reduce((most, value, i) => Math.max(most, Math.abs(value - (right[i] as number))), 0);
}

describe.skipIf(found.length === 0)('pipelines recorded from diffusers and Optimum', () => {
  const workDir = mkdtempSync(join(tmpdir(), 'asyncdiff-recordings-'));
  afterAll(() => rmSync(workDir, { recursive: true, force: true }));

  it.each(found)('%s: prompt to picture', async (name) => {
    const recorded = new RecordedPipeline(RECORDINGS, name);
    const pipeline = await Pipeline.open(recorded.model, { threads: 1 });
    try {
      const draws = [
        ...(await recorded.series('inputs/noise_')),
        ...(await recorded.series('inputs/sde_noise_')),
      ];
      const begun = await pipeline.begin(await recorded.call(), new GivenDraws(draws));
      const { job } = begun;
      for (const input of recorded.json.predictor.constant_inputs) {
        const expected = await recorded.npy(`inputs/predictor/${input}.npy`);
        const most = Math.max(1, ...numbers(expected).map(Math.abs));
        expect(difference(job.conditioning[input], expected), input).toBeLessThan(2e-5 * most);
      }
      const allCalls = [begun, ...begun.next].flatMap(({ job: own }) => [...own.timesteps]);
      const calls = recorded.timesteps.fed.timestep.values.map((value) =>
        Array.isArray(value) ? value[0] : value,
      );
      // Some pipelines call the predictor for each half of guidance, the conditional one first.
      const halves = calls.length / allCalls.length;
      const fed = calls.filter((_, call) => call % halves === 0);
      const [conditional, unconditional] = await recorded.series('expected/in_encoder_hidden_states_');
      if (conditional !== undefined) {
        const both = concat([unconditional as Tensor, conditional], 0);
        expect(difference(job.conditioning['encoder_hidden_states'], both)).toBeLessThan(2e-5);
      }
      allCalls.forEach((timestep, i) => expect(timestep).toBeCloseTo(fed[i] as number, 4));
      const run = await runPlainly(begun, workDir);
      const latents = await recorded.series('expected/latents_');
      expect(run.latents).toHaveLength(latents.length + 1);
      latents.forEach((expected, step) =>
        expect(difference(run.latents[step], expected), `latents ${step}`).toBeLessThan(
          recorded.tolerance('latents'),
        ),
      );
      const final = run.latents.at(-1) as Tensor;
      expect(difference(final, await recorded.npy('expected/final.npy'))).toBeLessThan(
        recorded.tolerance('final'),
      );
      const { pictures, audio } = await begun.finish(final);
      if (audio !== undefined) {
        const samples = audio.flatMap(({ channels }) => channels.flatMap((channel) => [...channel]));
        const expected = await recorded.npy('expected/audio.npy');
        expect(difference(float32(Float32Array.from(samples), [samples.length]), expected)).toBeLessThan(
          1e-6,
        );
        return;
      }
      const image = await recorded.npy('expected/image.npy');
      const bytes = pictures.flatMap(({ data }) => [...data]);
      const worst = numbers(image).reduce(
        (most, value, i) => Math.max(most, Math.abs(Math.round(value * 255) - (bytes[i] as number))),
        0,
      );
      expect(worst).toBeLessThanOrEqual(1);
    } finally {
      await pipeline.close();
    }
  });

  it.skipIf(!readdirSync(RECORDINGS).includes('controlnet'))(
    'controlnet: ControlNet and predictor as one model give the recorded predictions',
    async () => {
      const recorded = new RecordedPipeline(RECORDINGS, 'controlnet');
      const pipeline = await Pipeline.open(recorded.model, { threads: 1 });
      const schedulerConfig = JSON.stringify({ _class_name: 'DDIMScheduler', timestep_spacing: 'linspace' });
      const [samples, raws] = [
        await recorded.series('expected/in_sample_'),
        await recorded.series('expected/raw_'),
      ];
      try {
        for (const [controlGuidanceEnd, differs] of [
          [1, false],
          [0.5, true],
        ] as const) {
          const begun = await pipeline.begin({
            ...(await recorded.call()),
            schedulerConfig,
            controlGuidanceEnd,
          });
          const predict = await openPredictor(begun, workDir);
          const fed = recorded.timesteps.fed.timestep.values as readonly number[];
          for (const call of [0, samples.length - 1]) {
            const raw = await predict.run(samples[call] as Tensor, fed[call] as number);
            const isOff = differs && call > 0;
            const worst = difference(raw, raws[call] as Tensor);
            if (isOff) expect(worst).toBeGreaterThan(0.01);
            else expect(worst).toBeLessThan(3e-5);
          }
          await predict.close();
        }
      } finally {
        await pipeline.close();
      }
    },
  );

  it.each(found)('%s: token ids', (name) => {
    const recorded = new RecordedPipeline(RECORDINGS, name);
    for (const { tokenizer, text, arguments: given, input_ids: ids } of recorded.json.tokens) {
      if (given.padding !== 'max_length') continue;
      const opened = Tokenizer.open(join(recorded.model, tokenizer));
      [text].flat().forEach((one, i) => {
        expect(opened.encode(one, { maxLength: given.max_length }).ids).toEqual(ids[i]);
      });
    }
  });
});
