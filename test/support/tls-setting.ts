import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LinkSecurity } from '../../rpc/index.js';
import { TestAuthority, tlsFlags } from './certificates.js';
import { CliProcess } from './child.js';
import { runHere } from './command-here.js';
import type { CliExit } from './child.js';

const HOSTS = ['coordinator', 'w1', 'w2', 'client'];

/** An authority, a certificate for each process of a small cluster, and the folder where they lie. */
export class TlsSetting {
  readonly folder: string;
  readonly authority: TestAuthority;
  readonly #flags = new Map<string, string[]>();
  /** Of the client. */
  security: LinkSecurity = {};

  private constructor(folder: string, authority: TestAuthority) {
    this.folder = folder;
    this.authority = authority;
  }

  static async make(): Promise<TlsSetting> {
    const folder = mkdtempSync(join(tmpdir(), 'asyncdiff-tls-'));
    const setting = new TlsSetting(folder, await TestAuthority.make());
    for (const name of HOSTS) {
      const pair = await setting.authority.host(name);
      setting.#flags.set(name, tlsFlags(setting.authority, pair, folder));
      if (name === 'client') setting.security = setting.authority.security(pair);
    }
    return setting;
  }

  /** `--tls-ca ... --tls-cert ... --tls-key ...` of a process. */
  flags(name: string): string[] {
    return this.#flags.get(name) as string[];
  }

  get cache(): string[] {
    return ['--cache', join(this.folder, 'cache')];
  }

  async serve(
    extra: readonly string[] = this.flags('coordinator'),
  ): Promise<CliProcess & { address: string }> {
    const listen = ['serve', '--listen', '127.0.0.1:0', '--exit-with-stdin'];
    const child = new CliProcess([...listen, ...this.cache, ...extra]);
    return Object.assign(child, { address: (await child.ready()).address });
  }

  worker(extra: readonly string[]): CliProcess {
    return new CliProcess(['worker', '--threads', '1', '--exit-with-stdin', ...this.cache, ...extra]);
  }

  /** `asyncdiff status`, in this process. */
  status(address: string, extra: readonly string[]): Promise<CliExit> {
    return runHere(['status', '--coordinator', address, ...extra]);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
