import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { packageRoot } from './package.js';

/** What computes. It is a peer of this package: a program that only submits jobs does without (docs/architecture.md). */
export const RUNTIME_PACKAGE = 'onnxruntime-node';

/** What to do where it is missing. */
export const RUNTIME_HINT =
  'Run `npx asyncdiff setup` once: it installs what computes. Programs that only submit jobs do without.';

export interface InstalledRuntime {
  /** Folder of the package. */
  readonly folder: string;
  readonly version: string;
}

/** ONNX Runtime as it is installed beside this package; undefined where there is none. Loads nothing of it. */
export function findRuntime(): InstalledRuntime | undefined {
  let manifest: string;
  try {
    manifest = createRequire(join(packageRoot, 'package.json')).resolve(`${RUNTIME_PACKAGE}/package.json`);
  } catch {
    return undefined;
  }
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  return { folder: dirname(manifest), version };
}

/** The version that this package was tested with: other ones may give other bits. */
export function wantedRuntimeVersion(): string {
  const { peerDependencies } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
    peerDependencies: Record<string, string>;
  };
  return peerDependencies[RUNTIME_PACKAGE] as string;
}
