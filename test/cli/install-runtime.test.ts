import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { installCudaProvider } from '../../cli/install-runtime.js';

/** What npx and `npm run` set, and what ONNX Runtime's script takes for a build of its own. */
const NPM = { npm_config_local_prefix: '/p', npm_package_json: '/p/package.json' };

let runtime: string;
let text: string;

beforeEach(() => {
  runtime = mkdtempSync(join(tmpdir(), 'asyncdiff-runtime-'));
  mkdirSync(join(runtime, 'script'));
  text = '';
});
afterEach(() => rmSync(runtime, { recursive: true, force: true }));

/** A package whose install script is this. */
function fetchWith(script: string, what = 'cuda'): Promise<string> {
  writeFileSync(join(runtime, 'script', 'install.js'), script);
  const stream = { write: (part: string) => (text += part) };
  const io = { stdout: stream, stderr: stream, env: NPM, signal: new AbortController().signal };
  return installCudaProvider(what, runtime, io);
}

describe.runIf(process.platform === 'linux' && process.arch === 'x64')('asyncdiff setup cuda', () => {
  it('runs the script of the package as if npm were not there, and says where the provider is', async () => {
    const folder = join(runtime, 'bin', 'napi-v6', 'linux', 'x64');
    const script = `
      const fs = require('node:fs');
      console.log(process.env.ONNXRUNTIME_NODE_INSTALL, Object.keys(process.env).filter((name) => name.startsWith('npm_')));
      fs.mkdirSync(${JSON.stringify(folder)}, { recursive: true });
      fs.writeFileSync(${JSON.stringify(join(folder, 'libonnxruntime_providers_cuda.so'))}, '');`;
    expect(await fetchWith(script)).toBe(folder);
    expect(text).toBe('cuda12 []\n');
    // There already: nothing to fetch.
    expect(await fetchWith('process.exit(1)')).toBe(folder);
  });

  it.each([
    ['fails', 'process.exit(1)'],
    ['ends well and brings nothing', ''],
  ])('says what to do when the script %s', async (_how, script) => {
    await expect(fetchWith(script)).rejects.toMatchObject({
      code: 'provider_unavailable',
      hint: expect.stringContaining('unzip'),
    });
  });

  it('takes cuda only', async () => {
    await expect(fetchWith('', 'rocm')).rejects.toMatchObject({ code: 'usage' });
  });
});
