import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { AsyncDiffError } from '../common/errors/index.js';
import { packageRoot } from '../common/package.js';
import {
  findRuntime,
  type InstalledRuntime,
  RUNTIME_PACKAGE,
  wantedRuntimeVersion,
} from '../common/runtime-package.js';
import type { CommandIo } from './io.js';

/** What the provider's download brings. */
const CUDA_LIBRARY = 'libonnxruntime_providers_cuda.so';

/** Installs ONNX Runtime beside this package, unless it is there; without the CUDA provider, which few need. */
export async function installRuntime(io: CommandIo): Promise<InstalledRuntime> {
  const there = findRuntime();
  if (there !== undefined) return there;
  const wanted = `${RUNTIME_PACKAGE}@${wantedRuntimeVersion()}`;
  const { flags, folder } = placeOf(wanted);
  io.stderr.write(`installing ${wanted} into ${folder}\n`);
  const args = ['install', ...flags, '--save-exact', '--no-audit', '--no-fund', wanted];
  // The package's install script fetches the CUDA provider on Linux unless it is told not to.
  const env = { ...io.env, ONNXRUNTIME_NODE_INSTALL: 'skip' };
  if ((await runToEnd('npm', args, { cwd: folder, env, io })) !== 0) throw failed(wanted);
  const installed = findRuntime();
  if (installed === undefined) throw failed(wanted);
  return installed;
}

/** Fetches ONNX Runtime's provider for a `what` of `cuda`, which its package leaves out; the folder it is in. */
export async function installCudaProvider(what: string, runtime: string, io: CommandIo): Promise<string> {
  if (what !== 'cuda')
    throw new AsyncDiffError('usage', `setup takes cuda, or nothing for ONNX Runtime alone, not "${what}"`);
  const folder = join(runtime, 'bin', 'napi-v6', process.platform, process.arch);
  const library = join(folder, CUDA_LIBRARY);
  if (existsSync(library)) return folder;
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new AsyncDiffError(
      'provider_unavailable',
      `ONNX Runtime has no CUDA provider to fetch for ${process.platform} ${process.arch}`,
      { hint: 'It is there for Linux x64; `asyncdiff doctor` shows the devices of this machine.' },
    );
  }
  const script = join(runtime, 'script', 'install.js');
  // With the variables of npx or `npm run`, the script takes itself for a build of its own and does nothing, and says so to nobody.
  const env = {
    ...Object.fromEntries(Object.entries(io.env).filter(([name]) => !name.startsWith('npm_'))),
    ONNXRUNTIME_NODE_INSTALL: 'cuda12',
  };
  const code = await runToEnd(process.execPath, [script], { env, io });
  if (code !== 0 || !existsSync(library)) {
    throw new AsyncDiffError('provider_unavailable', 'the CUDA provider could not be fetched', {
      hint: `Without network, unzip runtimes/linux-x64/native/*.so of Microsoft.ML.OnnxRuntime.Gpu.Linux ${wantedRuntimeVersion()} into ${folder}`,
    });
  }
  return folder;
}

/** Where npm has put this package, and so what it needs: a project's folder, or the global one. */
function placeOf(wanted: string): { folder: string; flags: readonly string[] } {
  const modules = dirname(packageRoot);
  const folder = dirname(modules);
  if (basename(modules) !== 'node_modules') {
    throw new AsyncDiffError('provider_unavailable', `${RUNTIME_PACKAGE} is not installed`, {
      hint: `Run \`npm ci\` in ${packageRoot}.`,
    });
  }
  if (existsSync(join(folder, 'package.json'))) return { folder, flags: [] };
  // pnpm keeps every package in a folder of its own, where npm must not write.
  if (folder.includes('.pnpm')) throw failed(wanted);
  const prefix = basename(folder) === 'lib' ? dirname(folder) : folder;
  return { folder: prefix, flags: ['--global', '--prefix', prefix] };
}

function failed(wanted: string): AsyncDiffError {
  return new AsyncDiffError('provider_unavailable', `${RUNTIME_PACKAGE} could not be installed`, {
    hint: `Install it in your project yourself: ONNXRUNTIME_NODE_INSTALL=skip npm install ${wanted}, or with your own package manager (pnpm add ${wanted}).`,
  });
}

/** Runs a program whose output is progress; its exit code. */
function runToEnd(
  program: string,
  args: readonly string[],
  { cwd, env, io }: { cwd?: string; env: NodeJS.ProcessEnv; io: CommandIo },
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env,
      signal: io.signal,
      // npm is a script on Windows.
      shell: process.platform === 'win32' && program === 'npm',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => io.stderr.write(text));
    child.once('error', (error) => reject(AsyncDiffError.from(error, 'provider_unavailable')));
    child.once('close', (code) => resolve(code ?? 1));
  });
}
