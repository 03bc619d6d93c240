import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readNpy } from '../../common/npy/index.js';
import { packageRoot } from '../../common/package.js';
import { maxAbsDifference } from '../support/bits.js';
import { CliProcess } from '../support/child.js';
import { eventually } from '../support/cli.js';
import { runHere } from '../support/command-here.js';

const ORACLE = join(packageRoot, '..', 'shared', 'oracle');
/** What parity asks for, on latents of unit scale; about 1.5e-5 is reached. */
const LATENT_TOLERANCE = 1e-3;

interface Case {
  readonly components: number;
  readonly stride: number;
  readonly warm_up: number;
  readonly time_shift: boolean;
  readonly num_inference_steps: number;
  readonly guidance_scale: number;
  readonly cuts: readonly string[];
  readonly model: string;
  readonly scheduler: string;
  readonly inputs: Readonly<Record<string, string>>;
}

const cases = existsSync(ORACLE)
  ? readdirSync(ORACLE).filter((name) => existsSync(join(ORACLE, name, 'case.json')))
  : [];
if (cases.length === 0)
  console.warn(`no recorded runs of the official code in ${ORACLE}: oracle tests are skipped`);

describe.skipIf(cases.length === 0)('runs recorded from the official AsyncDiff code', () => {
  let folder: string;
  let address: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'asyncdiff-oracle-'));
    const start = (flags: string[]): CliProcess => new CliProcess([...flags, '--cache', folder]);
    ({ address } = await start(['serve', '--listen', '127.0.0.1:0']).ready());
    for (const name of ['a', 'b', 'c'])
      start(['worker', '--join', address, '--name', name, '--threads', '1', '--exit-with-stdin']);
    await eventually(async () => {
      const { stdout } = await runHere(['status', '--coordinator', address, '--json']);
      return (JSON.parse(stdout) as { workers: unknown[] }).workers.length === 3;
    }, 'the workers');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(cases)('%s is reproduced on real workers', async (name) => {
    const dir = join(ORACLE, name);
    const recorded = JSON.parse(readFileSync(join(dir, 'case.json'), 'utf8')) as Case;
    const trace = join(folder, `${name}-trace`);
    const out = join(folder, `${name}.npy`);
    const run = await runHere([
      'denoise',
      '--coordinator',
      address,
      '--model',
      join(dir, recorded.model),
      '--scheduler',
      join(dir, recorded.scheduler),
      '--num-inference-steps',
      String(recorded.num_inference_steps),
      '--guidance-scale',
      String(recorded.guidance_scale),
      ...Object.entries(recorded.inputs).flatMap(([input, file]) => [
        '--input',
        `${input}=${join(dir, file)}`,
      ]),
      '--components',
      String(recorded.components),
      '--stride',
      String(recorded.stride),
      '--warm-up',
      String(recorded.warm_up),
      '--look-ahead',
      'off',
      ...(recorded.time_shift ? ['--time-shift'] : []),
      ...recorded.cuts.flatMap((cut) => ['--cut', cut]),
      '--trace',
      trace,
      '--out',
      out,
      '--json',
    ]);
    expect(run.code, run.stderr).toBe(0);
    const expected = join(dir, 'expected');
    expect(JSON.parse(readFileSync(join(trace, 'timesteps.json'), 'utf8'))).toEqual(
      JSON.parse(readFileSync(join(expected, 'timesteps.json'), 'utf8')),
    );
    let latents = 0;
    let eps = 0;
    for (let step = 0; step < recorded.num_inference_steps; step++) {
      const file = (what: string): string => `${what}_${String(step).padStart(4, '0')}.npy`;
      const difference = async (what: string): Promise<number> =>
        maxAbsDifference(await readNpy(join(trace, file(what))), await readNpy(join(expected, file(what))));
      latents = Math.max(latents, await difference('latents'));
      eps = Math.max(eps, await difference('eps'));
    }
    latents = Math.max(
      latents,
      maxAbsDifference(await readNpy(out), await readNpy(join(expected, 'final.npy'))),
    );
    console.info(`${name}: latents within ${latents.toExponential(1)}, eps within ${eps.toExponential(1)}`);
    expect(latents).toBeLessThan(LATENT_TOLERANCE);
    expect(eps).toBeLessThan(LATENT_TOLERANCE);
    const document = JSON.parse(run.stdout) as Record<string, unknown>;
    expect(document).toMatchObject({
      schema: 'asyncdiff.denoise/1',
      steps: recorded.num_inference_steps,
      components: recorded.components,
      stride: recorded.stride,
      warm_up: recorded.warm_up,
      out,
    });
    expect(document['seconds']).toBeGreaterThan(0);
    expect(document['bytes_between_workers']).toBeGreaterThan(0);
  });
});
