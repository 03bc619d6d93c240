import { execFileSync } from 'node:child_process';
import { arch, availableParallelism, cpus, platform, release } from 'node:os';
import { packageRoot, packageVersion } from '../../common/package.js';
import { findRuntime } from '../../common/runtime-package.js';

/** Facts about the machine that ran the command; each worker's own are in `workers` of the document. */
export interface Environment {
  readonly cpu_model: string;
  readonly cores: number;
  readonly os: string;
  readonly node: string;
  readonly onnxruntime: string;
  readonly asyncdiff: string;
  readonly git_commit: string | null;
  /** ISO 8601. */
  readonly date: string;
}

export function describeEnvironment(): Environment {
  return {
    cpu_model: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    os: `${platform()} ${release()} ${arch()}`,
    node: process.version,
    onnxruntime: findRuntime()?.version ?? 'none',
    asyncdiff: packageVersion,
    git_commit: gitCommit(),
    date: new Date().toISOString(),
  };
}

/** The commit of the checkout that this code is part of, `+changes` if it was edited; null where it is none. */
function gitCommit(): string | null {
  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', packageRoot, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    // An installed package lies inside of somebody else's repository.
    if (git('rev-parse', '--show-prefix') !== '') return null;
    const commit = git('rev-parse', 'HEAD');
    return git('status', '--porcelain', '--untracked-files=no') === '' ? commit : `${commit}+changes`;
  } catch {
    return null;
  }
}
