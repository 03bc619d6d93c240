import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type * as Library from '../../client/index.js';
import { packageRoot } from '../../common/package.js';
import { ALLOCATOR_ENVIRONMENT, BULK_NODE_ARGUMENTS } from '../../common/process-tuning.js';

/** The package by its own name, as whoever installs it imports it: through `exports`, compiled. */
const library = (): Promise<typeof Library> => import(['async', 'diff'].join(''));

it('`import { AsyncDiffClient } from "asyncdiff"` gives the client and its errors', async () => {
  const { AsyncDiffClient, AsyncDiffError } = await library();
  expect(() => new AsyncDiffClient('nowhere')).toThrowError(AsyncDiffError);
  const client = new AsyncDiffClient('127.0.0.1:1');
  try {
    await expect(client.status()).rejects.toMatchObject({ code: 'coordinator_unreachable', retryable: true });
    await expect(client.generate({ prompt: 'x' }).result()).rejects.toMatchObject({
      code: 'coordinator_unreachable',
      message: expect.stringContaining('127.0.0.1:1'),
    });
  } finally {
    client.close();
  }
});

it('its types are where package.json says', () => {
  const { exports, bin } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
    exports: Record<string, { types: string; default: string }>;
    bin: { asyncdiff: string };
  };
  const types = readFileSync(join(packageRoot, exports['.']?.types ?? ''), 'utf8');
  expect(types).toContain('AsyncDiffClient');
  // Node and glibc read these before the program starts: the script's first line has to say them.
  const environment = Object.entries(ALLOCATOR_ENVIRONMENT).map(([name, value]) => `${name}=${value}`);
  const words = ['#!/usr/bin/env', '-S', ...environment, 'node', ...BULK_NODE_ARGUMENTS];
  const [firstLine] = readFileSync(join(packageRoot, bin.asyncdiff), 'utf8').split('\n', 1);
  expect(firstLine).toBe(words.join(' '));
});

it('npm pack takes what runs, and neither tests nor sources', () => {
  // --ignore-scripts: packing would build, under the feet of the tests that run beside this one.
  const text = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: packageRoot,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  const [packed] = JSON.parse(text) as { files: { path: string }[] }[];
  const paths = new Set(packed?.files.map(({ path }) => path));
  for (const path of [
    'dist/cli/main.js',
    'dist/client/index.js',
    'dist/client/index.d.ts',
    'dist/worker/inference/inference-thread.js',
    'dist/planner/planning-process.js',
    'dist/coordinator/pipeline/part-thread.js',
    'proto/asyncdiff/v1/coordinator.proto',
    'proto/asyncdiff/v1/worker.proto',
    'proto/onnx/onnx.proto',
    'models/emoji/unet/model.onnx',
    'models/emoji/model_index.json',
    'execution/declared/profiles/a5000-sd15.json',
    'execution/declared/profiles/a5000-sd21.json',
    'execution/declared/profiles/a5000-sdxl.json',
    'docs/reference/errors.md',
    'package.json',
  ])
    expect(paths).toContain(path);
  const strays = [...paths].filter((path) =>
    /(^|\/)test\/|\.test\.|^out\/|^\.ci|^(?!dist\/).*\.ts$/.test(path),
  );
  expect(strays).toEqual([]);
});

it('npm of any version leaves the install script of ONNX Runtime alone', () => {
  const read = (file: string): unknown => JSON.parse(readFileSync(join(packageRoot, file), 'utf8'));
  const lock = read('package-lock.json') as { packages: Record<string, { hasInstallScript?: boolean }> };
  const runtime = lock.packages['node_modules/onnxruntime-node'];
  expect(runtime).toBeDefined();
  // npm 7 to 11.15 runs scripts of what the lock file says has some; later ones ask package.json.
  expect(runtime?.hasInstallScript).toBeUndefined();
  const { allowScripts, devDependencies, peerDependencies } = read('package.json') as Record<
    'allowScripts' | 'devDependencies' | 'peerDependencies',
    Record<string, unknown>
  >;
  expect(allowScripts['onnxruntime-node']).toBe(false);
  expect(devDependencies['onnxruntime-node']).toBe(peerDependencies['onnxruntime-node']);
});
