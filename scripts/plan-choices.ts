/**
 * What the planner chooses by default, over guidance, steps, workers and links, with what is predicted of it; and, with --seeds, the error that the choice
 * has, by the reference executor:
 *
 *   npm run build && node dist/scripts/plan-choices.js --steps 20,50 --guidance 2,4.5,7.5 --workers 2,3,4 --gbit 1,10 --seeds 4
 *
 * `--model` is `emoji` (the bundled model) or a declared profile (`a5000-sd21`), which has no pictures. Errors are mean squares over the variance of
 * the sequential latents, arithmetic means over the pictures. Prints a Markdown table; ends with exit code 1 where a measured error is above the bound.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { alike } from '../cli/alike-workers.js';
import { guidanceOf, inputShapesOf } from '../common/guidance/index.js';
import { DEFAULT_MAX_ERROR, resolvePlanSettings } from '../common/settings/index.js';
import { arithmeticMean, meanSquaredError, variance } from '../common/statistics/index.js';
import { planSubject } from '../coordinator/pipeline/index.js';
import { loadProfile } from '../execution/declared/index.js';
import { type Choice, defaultWorkDir, planInProcess, type PlanSource } from '../planner/index.js';
import { parseConfiguration } from './quality/configuration.js';
import { ReferenceRuns } from './quality/reference-runs.js';
import { openSubject, type Subject } from './quality/subjects.js';

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'emoji' },
    steps: { type: 'string', default: '50' },
    guidance: { type: 'string', default: '2,7.5' },
    workers: { type: 'string', default: '2,3,4' },
    gbit: { type: 'string', default: '1,10' },
    seeds: { type: 'string', default: '0' },
    'first-seed': { type: 'string', default: '0' },
  },
});
const list = (text: string): number[] => text.split(',').map(Number);
const seeds = Number(values.seeds);
const isPictured = values.model === 'emoji';
let above = 0;
console.log('| steps | guidance | workers | Gb/s | chosen | predicted error | one component each | error |');
console.log('|---|---|---|---|---|---|---|---|');
for (const steps of list(values.steps))
  for (const guidanceScale of list(values.guidance)) {
    const subject = isPictured
      ? await openSubject({
          name: values.model,
          seeds: Math.max(1, seeds),
          firstSeed: Number(values['first-seed']),
          steps,
          guidanceScale,
        })
      : undefined;
    const errors = new Map<string, Promise<number>>();
    for (const workers of list(values.workers))
      for (const gbit of list(values.gbit)) {
        const { chosen, judged } = await choose(subject, { steps, guidanceScale, workers, gbit });
        const words = wordsOf(chosen, workers);
        if (subject !== undefined && seeds > 0 && !errors.has(words))
          errors.set(words, measured(subject, guidanceScale, words));
        const error = await errors.get(words);
        if (error !== undefined && error > DEFAULT_MAX_ERROR) above += 1;
        const even = judged.find(({ name }) => name === `n${workers}s1`);
        const cells = [
          steps,
          guidanceScale,
          workers,
          gbit,
          `${chosen.name}${chosen.shape === 'u-shaped' ? ' (U)' : ''} ${speedOf(chosen)}`,
          chosen.error === 0 ? 'exact' : chosen.error?.toExponential(1),
          even === undefined ? '' : `${even.isSimulated ? '' : 'at most '}${speedOf(even)}`,
          error?.toExponential(1) ?? '',
        ];
        console.log(`| ${cells.join(' | ')} |`);
      }
    await subject?.close();
  }
process.exitCode = above === 0 ? 0 : 1;

interface ChosenFor {
  readonly steps: number;
  readonly guidanceScale: number;
  readonly workers: number;
  readonly gbit: number;
}

async function choose(
  subject: Subject | undefined,
  { steps, guidanceScale, workers, gbit }: ChosenFor,
): Promise<Choice> {
  const settings = resolvePlanSettings({ maxError: 'auto' }, { numInferenceSteps: steps });
  const folder = subject === undefined ? undefined : join('models', values.model);
  const { choice } = await planInProcess({
    source: await sourceOf(subject, guidanceScale),
    settings,
    ...alike(workers, gbit),
    subject: planSubject(folder, { numInferenceSteps: steps, guidanceScale, settings }),
    batchRepeat: guidanceScale > 1 ? 2 : 1,
    workDir: defaultWorkDir(),
    threads: 1,
    isPreview: true,
  });
  if (choice === undefined) throw new Error('nothing was chosen');
  return choice;
}

async function sourceOf(subject: Subject | undefined, guidanceScale: number): Promise<PlanSource> {
  if (subject === undefined)
    return { kind: 'profile', profileJson: JSON.stringify(await loadProfile(values.model)) };
  const [{ latents, conditioning } = { latents: undefined, conditioning: {} }] = subject.pictures;
  if (latents === undefined) throw new Error('no picture');
  const inputShapes = inputShapesOf(latents.dims, conditioning, guidanceOf(guidanceScale));
  return { kind: 'model', modelPath: subject.modelPath, inputShapes };
}

/** As look-ahead-errors writes it; guidance split changes no bits. */
function wordsOf(
  { components, stride, lag, stepParallel, shape, halves }: Choice['chosen'],
  workers: number,
): string {
  const isReplicated = stride > 1 && workers > components * halves;
  if (components === 1 && stepParallel === 1) return 'n1';
  if (components === 1) return `n1,s${stepParallel},r`;
  return [
    `n${components}`,
    `s${stride}`,
    ...(lag === 2 ? ['l2'] : []),
    ...(shape === 'u-shaped' ? ['u'] : []),
    ...(isReplicated ? ['r'] : []),
  ].join();
}

async function measured(subject: Subject, guidanceScale: number, words: string): Promise<number> {
  if (words === 'n1') return 0;
  const runs = new ReferenceRuns(subject, guidanceScale);
  const [sequential, configuration] = [parseConfiguration('n1,plain'), parseConfiguration(words)];
  const errors: number[] = [];
  for (const picture of subject.pictures) {
    const { latents } = await runs.run(picture, sequential, picture.createSampler().numCalls);
    const own = await runs.run(picture, configuration);
    errors.push(meanSquaredError(own.latents, latents) / variance(latents));
  }
  await runs.close();
  return arithmeticMean(errors);
}

function speedOf({ speedup }: Choice['chosen']): string {
  return `${(speedup ?? 0).toFixed(2)}x`;
}
