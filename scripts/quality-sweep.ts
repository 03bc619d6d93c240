/**
 * Whether the defaults are ever worse than AsyncDiff, over guidance and steps, by the reference executor:
 *
 *   npm run build && node dist/scripts/quality-sweep.js --subject dit --seeds 4 n2 n3
 *
 * Configurations as in look-ahead-errors; n2 and n3 where none is named.
 * AsyncDiff takes as many steps in order, at the start, as the defaults took in that picture: the predicted speed is the same. Errors are mean
 * squares over the variance of the sequential latents, arithmetic means over the pictures. Prints a Markdown table; ends with exit code 1 where
 * the defaults lose.
 */
import { parseArgs } from 'node:util';
import { arithmeticMean, meanSquaredError, variance } from '../common/statistics/index.js';
import { parseConfiguration } from './quality/configuration.js';
import { ReferenceRuns } from './quality/reference-runs.js';
import { openSubject } from './quality/subjects.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    subject: { type: 'string', default: 'emoji' },
    seeds: { type: 'string', default: '4' },
    'first-seed': { type: 'string', default: '0' },
    guidance: { type: 'string', default: '1,2,4.5,7.5,11,15' },
    steps: { type: 'string', default: '8,12,20,50' },
    scheduler: { type: 'string' },
  },
});
const list = (text: string): number[] => text.split(',').map(Number);
const configurations = positionals.length > 0 ? positionals : ['n2', 'n3'];
const sequential = parseConfiguration('n1,plain');
let losses = 0;
console.log('| guidance | steps | configuration | error | AsyncDiff | times nearer | in order | speed |');
console.log('|---|---|---|---|---|---|---|---|');
for (const guidanceScale of list(values.guidance))
  for (const steps of list(values.steps)) {
    const subject = await openSubject({
      name: values.subject,
      seeds: Number(values.seeds),
      firstSeed: Number(values['first-seed']),
      steps,
      guidanceScale,
      scheduler: values.scheduler,
    });
    const runs = new ReferenceRuns(subject, guidanceScale);
    const expected: Float32Array[] = [];
    for (const picture of subject.pictures)
      expected.push((await runs.run(picture, sequential, picture.createSampler().numCalls)).latents);
    for (const name of configurations) {
      const [ours, theirs] = [parseConfiguration(name), parseConfiguration(`${name},plain`)];
      const found = {
        own: [] as number[],
        other: [] as number[],
        inOrder: [] as number[],
        cost: [] as number[],
      };
      for (const [at, picture] of subject.pictures.entries()) {
        const original = expected[at] as Float32Array;
        const error = (latents: Float32Array): number =>
          meanSquaredError(latents, original) / variance(original);
        const own = await runs.run(picture, ours);
        found.own.push(error(own.latents));
        // Where all steps ran in order, AsyncDiff's do as well.
        const isAsync = own.inOrder < picture.createSampler().numCalls;
        found.other.push(
          isAsync ? error((await runs.run(picture, theirs, own.inOrder)).latents) : error(own.latents),
        );
        found.inOrder.push(own.inOrder);
        found.cost.push(1 / own.predictedSpeed);
      }
      const [own, other] = [arithmeticMean(found.own), arithmeticMean(found.other)];
      const isLost = own > other;
      losses += isLost ? 1 : 0;
      const times = own === 0 ? 'equal to sequential' : (other / own).toPrecision(2);
      const cells = [
        guidanceScale,
        steps,
        name,
        own.toExponential(1),
        other.toExponential(1),
        isLost ? `**${times}**` : times,
        arithmeticMean(found.inOrder).toFixed(1),
        `${(1 / arithmeticMean(found.cost)).toFixed(2)}x`,
      ];
      console.log(`| ${cells.join(' | ')} |`);
    }
    await runs.close();
    await subject.close();
  }
process.exitCode = losses === 0 ? 0 : 1;
