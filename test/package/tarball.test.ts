import { chmodSync, existsSync, mkdirSync, realpathSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { publint } from 'publint';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot, packageVersion } from '../../common/package.js';
import { PackedProject, run } from '../support/packed-project.js';

const ENTRIES = ['asyncdiff', 'asyncdiff/local', 'asyncdiff/coordinator', 'asyncdiff/worker'];
const TSC = join(packageRoot, 'node_modules', 'typescript', 'bin', 'tsc');

let project: PackedProject | undefined;

beforeAll(async () => {
  project = await PackedProject.create();
  if (project === undefined) console.log('npm registry not reached: the packed tarball is not installed');
}, 300_000);
afterAll(() => project?.remove());

/** The project; ends the test as skipped where there is none. */
function installed(context: { skip: (note?: string) => void }): PackedProject {
  if (project === undefined) context.skip('npm registry not reached');
  return project as PackedProject;
}

const USE = `
import { AsyncDiffClient, AsyncDiffError, type Job, type JobResult, type PlanOptions } from 'asyncdiff';
import { startCoordinator } from 'asyncdiff/coordinator';
import { LocalCluster } from 'asyncdiff/local';
import { startWorker } from 'asyncdiff/worker';

export async function draw(client: AsyncDiffClient): Promise<Uint8Array | undefined> {
  const plan: PlanOptions = { components: 2, warmUp: 'auto' };
  const job: Job = client.generate({ prompt: 'red apple', plan });
  for await (const event of job) if (event.type === 'progress') console.error(event.step, event.steps);
  const result: JobResult = await job.result();
  return result.report.settings.stride > 1 ? undefined : result.images[0];
}
export const running = [startCoordinator, startWorker, LocalCluster.start] as const;
export const hint = (error: unknown): string => (error instanceof AsyncDiffError ? error.hint : '');
// @ts-expect-error: an address is text.
new AsyncDiffClient(5);
`;

describe('the packed tarball in an empty project', () => {
  it('leaves ONNX Runtime out, and its command runs', async (context) => {
    const own = installed(context);
    expect(existsSync(join(own.root, 'node_modules', 'onnxruntime-node'))).toBe(false);
    expect(await own.asyncdiff(['--version'])).toMatchObject({ code: 0, stdout: `${packageVersion}\n` });
    expect((await own.asyncdiff(['--help'])).stdout).toContain('Usage: asyncdiff');
  });

  it('is imported by ES modules, and by CommonJS as the same classes', async (context) => {
    const own = installed(context);
    own.write(
      'use.mjs',
      `import { createRequire } from 'node:module';
       for (const entry of ${JSON.stringify(ENTRIES)}) console.log(entry, Object.keys(await import(entry)).join());
       const { AsyncDiffError } = await import('asyncdiff');
       console.log(createRequire(import.meta.url)('asyncdiff').AsyncDiffError === AsyncDiffError);`,
    );
    own.write(
      'use.cjs',
      `const { AsyncDiffClient } = require('asyncdiff');
       new AsyncDiffClient('127.0.0.1:1').status().catch((error) => console.log(error.code));`,
    );
    const modules = await own.node(['use.mjs']);
    expect(modules.stderr).toBe('');
    expect(modules.stdout.split('\n')).toEqual([
      expect.stringMatching(/^asyncdiff .*AsyncDiffClient/),
      expect.stringMatching(/^asyncdiff\/local .*LocalCluster/),
      'asyncdiff/coordinator startCoordinator',
      'asyncdiff/worker startWorker',
      'true',
      '',
    ]);
    expect(await own.node(['use.cjs'])).toMatchObject({ code: 0, stdout: 'coordinator_unreachable\n' });
  });

  it('has types for ES modules, CommonJS and bundlers, its own declarations checked', async (context) => {
    const own = installed(context);
    own.write('use.mts', USE);
    own.write('use.cts', USE);
    const flags = ['--noEmit', '--strict', '--skipLibCheck', 'false', '--target', 'es2022'];
    for (const kind of [
      ['--module', 'nodenext', 'use.mts', 'use.cts'],
      ['--module', 'esnext', '--moduleResolution', 'bundler', 'use.mts'],
    ])
      expect(await own.node([TSC, ...flags, ...kind])).toMatchObject({ code: 0, stdout: '' });
  });

  it('satisfies publint and attw', async (context) => {
    const own = installed(context);
    const folder = join(own.root, 'node_modules', 'asyncdiff');
    expect((await publint({ pkgDir: folder, pack: false, strict: true })).messages).toEqual([]);
    // attw unpacks in JavaScript: 37 MB of model would cost it half a minute.
    const models = join(folder, 'models');
    renameSync(models, join(own.root, 'models'));
    await run('npm', ['pack', '--ignore-scripts', '--pack-destination', own.cache], folder);
    renameSync(join(own.root, 'models'), models);
    // ES modules only: docs/architecture.md says why. What `require` gives is tried above.
    const attw = join(packageRoot, 'node_modules', '.bin', 'attw');
    const slim = join(own.cache, `asyncdiff-${packageVersion}.tgz`);
    expect(await run(attw, [slim, '--profile', 'esm-only', '--quiet'], own.root)).toMatchObject({ code: 0 });
  });
});

describe('what computes, in that project', () => {
  it.for([
    { args: ['worker', '--join', '127.0.0.1:1'] },
    { args: ['demo'] },
    { args: ['serve', '--listen', '127.0.0.1:0', '--model', 'node_modules/asyncdiff/models/emoji'] },
  ])('asyncdiff $args names the one command that is missing', async ({ args }, context) => {
    expect(await installed(context).asyncdiff(args)).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(
        /provider_unavailable.*not installed[^]*hint: Run `npx asyncdiff setup` once/,
      ),
    });
  });

  it('asyncdiff setup has npm install the version that was tested, without its download', async (context) => {
    const own = installed(context);
    // npm itself would fetch 100 MB here: one that says what it was asked for stands in its place.
    const bin = join(own.root, 'bin');
    mkdirSync(bin);
    own.write('bin/npm', '#!/bin/sh\necho "$ONNXRUNTIME_NODE_INSTALL $PWD $*"\n');
    chmodSync(join(bin, 'npm'), 0o755);
    const { code, stderr } = await own.asyncdiff(['setup'], {
      PATH: `${bin}${delimiter}${process.env['PATH']}`,
    });
    expect(code).toBe(4);
    expect(stderr).toMatch(
      new RegExp(
        `skip ${realpathSync(own.root)} install .*--save-exact .*onnxruntime-node@\\d+\\.\\d+\\.\\d+\n`,
      ),
    );
    expect(stderr).toMatch(/could not be installed[^]*hint: .*npm install onnxruntime-node@/);
  });

  it('asyncdiff setup cuda fetches the provider into the runtime of that project', async (context) => {
    const own = installed(context);
    // ONNX Runtime's script would fetch 300 MB: a package whose script writes one empty file stands in its place.
    const runtime = join('node_modules', 'onnxruntime-node');
    mkdirSync(join(own.root, runtime, 'script'), { recursive: true });
    own.write(join(runtime, 'package.json'), JSON.stringify({ name: 'onnxruntime-node', version: '1.30.0' }));
    own.write(
      join(runtime, 'script', 'install.js'),
      `const { mkdirSync, writeFileSync } = require('node:fs');
       const folder = require('node:path').join(__dirname, '..', 'bin', 'napi-v6', 'linux', 'x64');
       console.log('asked for', process.env.ONNXRUNTIME_NODE_INSTALL);
       mkdirSync(folder, { recursive: true });
       writeFileSync(folder + '/libonnxruntime_providers_cuda.so', '');`,
    );
    try {
      const { code, stdout, stderr } = await own.asyncdiff(['setup', 'cuda']);
      if (process.platform !== 'linux' || process.arch !== 'x64') {
        expect({ code, stderr }).toMatchObject({ code: 4, stderr: expect.stringContaining('Linux x64') });
        return;
      }
      expect({ code, stderr }).toEqual({ code: 0, stderr: 'asked for cuda12\n' });
      const folder = join(realpathSync(own.root), runtime, 'bin', 'napi-v6', 'linux', 'x64');
      expect(stdout).toContain(`CUDA provider: ${folder}\n`);
    } finally {
      rmSync(join(own.root, runtime), { recursive: true });
    }
  });

  it('with it, a cluster of this machine draws a picture', async (context) => {
    const own = installed(context);
    const modules = join('node_modules', 'onnxruntime-node');
    symlinkSync(join(packageRoot, modules), join(own.root, modules));
    own.write(
      'draw.mjs',
      `import { LocalCluster } from 'asyncdiff/local';
       const modelDir = 'node_modules/asyncdiff/models/emoji';
       const cluster = await LocalCluster.start({ modelDir, threads: 1, cacheDir: 'cache' });
       const { images, report } = await cluster.client
         .generate({ prompt: 'red apple', numInferenceSteps: 2 })
         .result();
       console.log(Buffer.from(images[0]).subarray(1, 4).toString(), report.settings.components, report.workers.length);
       await cluster[Symbol.asyncDispose]();`,
    );
    expect(await own.node(['draw.mjs'])).toMatchObject({ code: 0, stdout: 'PNG 1 1\n' });
    expect((await own.asyncdiff(['setup'])).stdout).toContain('onnxruntime-node 1.');
  });
});
