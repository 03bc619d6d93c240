import type { PredictorJob } from './kit/index.js';
import type { SamplerOptions } from '../../samplers/index.js';

/** A part of a run that one predictor makes. */
interface PredictorStage {
  /** Part of the folder that predicts. */
  readonly part: string;
  readonly job: PredictorJob;
  /** Which calls of the run these are, as arguments of its sampler. */
  readonly span: SamplerOptions;
}

/** A job as the stages that its predictors make, one after another: each begins with the latents and the sampler's history of the one before. */
export function predictorStages(
  job: PredictorJob,
  predictor: string,
): readonly [PredictorStage, ...PredictorStage[]] {
  const { second, ...whole } = job;
  if (second === undefined) return [{ part: predictor, job: whole, span: {} }];
  const { timesteps = job.sampler.timesteps } = job;
  const begin = job.sampler.options.begin_index ?? 0;
  const { part, fromCall, guidance } = second;
  const later = { part, job: { ...whole, guidance } };
  if (fromCall === 0) return [{ ...later, span: {} }];
  if (fromCall >= timesteps.length) return [{ part: predictor, job: whole, span: {} }];
  const at = begin + fromCall;
  return [
    {
      part: predictor,
      job: { ...whole, timesteps: timesteps.slice(0, fromCall) },
      span: { end_index: at },
    },
    {
      ...later,
      job: { ...later.job, timesteps: timesteps.slice(fromCall) },
      span: { begin_index: at, continues: true },
    },
  ];
}
