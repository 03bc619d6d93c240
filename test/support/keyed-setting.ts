import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AsyncDiffClient, type DenoiseOptions, type Job } from '../../client/index.js';
import type { AsyncDiffError } from '../../common/errors/index.js';
import type { Role } from '../../rpc/index.js';
import { makeKey, readKeyFile, writeKeyFile } from '../../rpc/server/index.js';
import { CliProcess } from './child.js';
import { SMALL_SCHEDULER, smallInputs } from './small-predictor.js';

/** A file of keys, and processes that know it. */
export class KeyedSetting {
  readonly folder = mkdtempSync(join(tmpdir(), 'asyncdiff-security-'));
  readonly keyFile = join(this.folder, 'keys.json');

  static async make(): Promise<KeyedSetting> {
    const setting = new KeyedSetting();
    await setting.addKey('client', 'somebody');
    return setting;
  }

  /** As `asyncdiff keys add` does it. */
  async addKey(role: Role, name: string, file = this.keyFile): Promise<{ id: string; key: string }> {
    const { key, stored } = makeKey(role, name);
    await writeKeyFile(file, [...(await readKeyFile(file)), stored]);
    return { id: stored.id, key };
  }

  async serve(
    flags: readonly string[] = ['--keys', this.keyFile],
  ): Promise<CliProcess & { address: string }> {
    const listen = ['serve', '--listen', '127.0.0.1:0', '--exit-with-stdin'];
    const child = new CliProcess([...listen, '--cache', join(this.folder, 'cache'), ...flags]);
    return Object.assign(child, { address: (await child.ready()).address });
  }

  worker(flags: readonly string[], key?: string): CliProcess {
    const all = ['worker', '--threads', '1', '--exit-with-stdin', '--cache', join(this.folder, 'cache')];
    return new CliProcess([...all, ...flags], key === undefined ? {} : { env: { ASYNCDIFF_KEY: key } });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function clientOf(address: string, key?: string): AsyncDiffClient {
  return new AsyncDiffClient(address, { security: key === undefined ? {} : { key } });
}

/** What was refused; fails where it was not. */
export async function refusal(doing: Promise<unknown>): Promise<AsyncDiffError> {
  return doing.then(
    () => {
      throw new Error('was not refused');
    },
    (error: unknown) => error as AsyncDiffError,
  );
}

/** A job of as many steps as there are: it ends only if it is told to. */
export function denoise(client: AsyncDiffClient, modelSha256: string): Job {
  const job: DenoiseOptions = {
    modelSha256,
    schedulerConfig: SMALL_SCHEDULER,
    inputs: smallInputs(),
    numInferenceSteps: 990,
    sendSteps: true,
  };
  return client.denoise(job);
}
