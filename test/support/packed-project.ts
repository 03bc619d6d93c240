import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../common/package.js';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** npm cannot reach its registry, and does not have in its cache what it needs. */
const NO_REGISTRY =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ECONNRESET|ENETUNREACH|ENOTCACHED|ERR_SOCKET_TIMEOUT/;

/** An empty project in which the packed tarball is installed, as whoever uses it has it. */
export class PackedProject {
  readonly root: string;
  readonly tarball: string;
  /** A folder of its own for what the package keeps. */
  readonly cache: string;

  private constructor(root: string, tarball: string) {
    this.root = root;
    this.tarball = tarball;
    this.cache = join(root, 'cache');
  }

  /** Packs `dist` as it is and installs it; undefined where npm's registry cannot be reached. */
  static async create(): Promise<PackedProject | undefined> {
    const root = mkdtempSync(join(tmpdir(), 'asyncdiff-packed-'));
    // --ignore-scripts: packing would build, under the feet of the tests that run beside this one.
    const packed = await run('npm', ['pack', '--ignore-scripts', '--pack-destination', root], packageRoot);
    const name = readdirSync(root).find((file) => file.endsWith('.tgz'));
    if (name === undefined) throw new Error(`npm pack: ${packed.stderr}`);
    const project = new PackedProject(root, join(root, name));
    mkdirSync(project.cache);
    project.write('package.json', JSON.stringify({ name: 'empty', version: '1.0.0', private: true }));
    const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--fetch-retries=0'];
    const installed = await run('npm', ['install', ...flags, project.tarball], root);
    if (installed.code === 0) return project;
    project.remove();
    if (NO_REGISTRY.test(installed.stderr)) return undefined;
    throw new Error(`npm install: ${installed.stderr}`);
  }

  write(name: string, content: string): void {
    writeFileSync(join(this.root, name), content);
  }

  node(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
    return run(process.execPath, args, this.root, { XDG_CACHE_HOME: this.cache, ...env });
  }

  /** The installed command. */
  asyncdiff(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
    const bin = join(this.root, 'node_modules', '.bin', 'asyncdiff');
    return run(bin, args, this.root, { XDG_CACHE_HOME: this.cache, ...env });
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** Runs a program to its end. Variables of npm are left out: npm would take them for its own. */
export function run(
  program: string,
  args: readonly string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<Ran> {
  const own = Object.entries(process.env).filter(([name]) => !/^(npm_|ASYNCDIFF_|ONNXRUNTIME_)/i.test(name));
  return new Promise((resolve) => {
    execFile(
      program,
      args,
      { cwd, env: { ...Object.fromEntries(own), ...env }, encoding: 'utf8', maxBuffer: 1 << 26 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
        resolve({ code, stdout, stderr });
      },
    );
  });
}
