/**
 * Measures on the reference executor, whose bits are those of workers, how far a model's pictures are from the sequential ones, for the planner's choice:
 *
 *   npm run build && node dist/scripts/calibrate-quality.js --subject emoji --seeds 8 --jobs 50:2,50:7.5,20:2 --out models/emoji n2 n3 n2,s2
 *
 * A job is STEPS:GUIDANCE, a configuration as in look-ahead-errors. Writes the folder's calibration file (`bench --quality --calibrate` does so on real
 * workers), with what it knew of other jobs; after every job, so that nothing is lost when it ends early.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { arithmeticMean, geometricMean, meanSquaredError, variance } from '../common/statistics/index.js';
import { resolvePlanSettings } from '../common/settings/index.js';
import { keepPoints } from '../cli/keep-calibration.js';
import { planSubject } from '../coordinator/pipeline/index.js';
import { type QualityPoint, reachOf } from '../planner/index.js';
import { type Configuration, parseConfiguration } from './quality/configuration.js';
import { ReferenceRuns } from './quality/reference-runs.js';
import { openSubject } from './quality/subjects.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    subject: { type: 'string', default: 'emoji' },
    seeds: { type: 'string', default: '8' },
    'first-seed': { type: 'string', default: '0' },
    jobs: { type: 'string', default: '50:2' },
    out: { type: 'string', default: join('models', 'emoji') },
  },
});
const sequential = parseConfiguration('n1,plain');
for (const job of values.jobs.split(',')) {
  const [steps, guidanceScale] = job.split(':').map(Number) as [number, number];
  await keepPoints(values.out, await measured(steps, guidanceScale));
}

async function measured(steps: number, guidanceScale: number): Promise<QualityPoint[]> {
  const subject = await openSubject({
    name: values.subject,
    seeds: Number(values.seeds),
    firstSeed: Number(values['first-seed']),
    steps,
    guidanceScale,
  });
  const runs = new ReferenceRuns(subject, guidanceScale);
  const points: QualityPoint[] = [];
  const expected: Float32Array[] = [];
  for (const picture of subject.pictures)
    expected.push((await runs.run(picture, sequential, picture.createSampler().numCalls)).latents);
  for (const name of positionals) {
    const configuration = parseConfiguration(name);
    const errors: number[] = [];
    const speeds: number[] = [];
    for (const [at, picture] of subject.pictures.entries()) {
      const { latents, predictedSpeed } = await runs.run(picture, configuration);
      const original = expected[at] as Float32Array;
      errors.push(meanSquaredError(latents, original) / variance(original));
      speeds.push(predictedSpeed);
    }
    const error = arithmeticMean(errors);
    const geometric = error === 0 ? 0 : geometricMean(errors);
    const speed = 1 / arithmeticMean(speeds.map((one) => 1 / one));
    const figures = [error, geometric, Math.max(...errors)].map((one) => one.toExponential(1));
    console.log(`| ${steps} | ${guidanceScale} | ${name} | ${figures.join(' | ')} | ${speed.toFixed(2)}x |`);
    if (error > 0) points.push(pointOf(configuration, steps, guidanceScale, error));
  }
  await runs.close();
  await subject.close();
  return points;
}

function pointOf(
  { settings, replicas }: Configuration,
  numInferenceSteps: number,
  guidanceScale: number,
  error: number,
): QualityPoint {
  const { components, lag, shape } = settings;
  const stride = settings.stride === 'auto' ? 1 : settings.stride;
  const { family, steps } = planSubject(values.out, {
    numInferenceSteps,
    guidanceScale,
    settings: resolvePlanSettings(),
  });
  const count = components === 'auto' ? 1 : components;
  const reach = reachOf({
    components: count,
    stride,
    lag: lag === 2 ? 2 : 1,
    isUShaped: shape === 'u-shaped',
  });
  return { family, steps, guidanceScale, reach, stride, stepParallel: replicas && count === 1, error };
}
