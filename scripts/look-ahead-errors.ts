/**
 * How far latents come from those of the sequential run, with and without look-ahead, by the reference executor:
 *
 *   npm run build && node dist/scripts/look-ahead-errors.js --subject emoji --steps 50 --guidance 2 --seeds 4 n2,w3,plain n2 n3 ...
 *
 * A configuration is a list of words: see CONFIGURATION_GRAMMAR. Errors are mean squares over the variance of the sequential latents; the
 * factor is the geometric mean of the first configuration's errors over this one's, picture by picture. `fewer,X`: X sequential steps instead.
 */
import { parseArgs } from 'node:util';
import { psnr } from '../common/image/index.js';
import {
  arithmeticMean,
  bootstrapInterval,
  geometricMean,
  meanSquaredError,
  variance,
} from '../common/statistics/index.js';
import { float32 } from '../common/tensor/index.js';
import { parseConfiguration } from './quality/configuration.js';
import { ReferenceRuns } from './quality/reference-runs.js';
import { openSubject, type Picture } from './quality/subjects.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    subject: { type: 'string', default: 'emoji' },
    steps: { type: 'string', default: '50' },
    guidance: { type: 'string', default: '2' },
    seeds: { type: 'string', default: '4' },
    'first-seed': { type: 'string', default: '0' },
    scheduler: { type: 'string' },
    drifts: { type: 'boolean', default: false },
  },
});
const [steps, guidanceScale, seeds] = [values.steps, values.guidance, values.seeds].map(Number) as [
  number,
  number,
  number,
];
const firstSeed = Number(values['first-seed']);
const options = { name: values.subject, seeds, firstSeed, guidanceScale, scheduler: values.scheduler };
const subject = await openSubject({ ...options, steps });
const runs = new ReferenceRuns(subject, guidanceScale);
const sequential = parseConfiguration('n1,plain');
const expected: Float32Array[] = [];
const drawn: (Float32Array | undefined)[] = [];
const decode = async ({ latents, decode: decodeLatents }: Picture, data: Float32Array) =>
  decodeLatents?.(float32(data, latents.dims));
for (const picture of subject.pictures) {
  const { latents } = await runs.run(picture, sequential, picture.createSampler().numCalls);
  expected.push(latents);
  drawn.push(await decode(picture, latents));
}
let first: readonly number[] | undefined;
for (const name of positionals) {
  const fewer = /^fewer,(\d+)$/.exec(name)?.[1];
  const other = fewer === undefined ? subject : await openSubject({ ...options, steps: Number(fewer) });
  const configuration = fewer === undefined ? parseConfiguration(name) : sequential;
  const errors: number[] = [];
  const psnrs: number[] = [];
  const results = [];
  for (const [at, picture] of other.pictures.entries()) {
    const inOrder = fewer === undefined ? undefined : picture.createSampler().numCalls;
    const run = await runs.run(picture, configuration, inOrder);
    errors.push(meanSquaredError(run.latents, expected[at]!) / variance(expected[at]!));
    results.push(run);
    const shown = await decode(picture, run.latents);
    if (shown !== undefined) psnrs.push(psnr(shown, drawn[at] as Float32Array, 1));
  }
  first ??= errors;
  const { low, high } = bootstrapInterval(errors, geometricMean);
  const ratios = errors.map((error, at) => (first as number[])[at]! / error);
  const figures = [
    `geometric ${geometricMean(errors).toExponential(2)} (${low.toExponential(1)} to ${high.toExponential(1)})`,
    `mean ${arithmeticMean(errors).toExponential(2)}`,
    `factor ${geometricMean(ratios).toPrecision(3)}`,
    `of means ${(arithmeticMean(first) / arithmeticMean(errors)).toPrecision(3)}`,
    ...(psnrs.length > 0 ? [`PSNR ${arithmeticMean(psnrs).toFixed(1)}`] : []),
    `in order ${arithmeticMean(results.map(({ inOrder }) => inOrder)).toFixed(1)}`,
    `speed ${(1 / arithmeticMean(results.map(({ predictedSpeed }) => 1 / predictedSpeed))).toFixed(2)}`,
    `error/D ${Math.max(...results.map(({ driftSum }, at) => (errors[at] as number) / driftSum)).toExponential(1)}`,
  ];
  console.log(`${name.padEnd(20)} ${figures.join('  ')}`);
  if (values.drifts)
    for (const [at, { drifts }] of results.entries())
      console.log(
        `  ${at} ${errors[at]?.toExponential(1)}: ${drifts.map((drift) => drift.toFixed(3)).join(' ')}`,
      );
  if (other !== subject) await other.close();
}
await runs.close();
await subject.close();
