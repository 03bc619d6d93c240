import { AsyncDiffError } from '../../common/errors/index.js';
import type { CallContext } from '../../rpc/server/index.js';

/** Jobs of each client that wait or run: one client must not fill the queue for all. */
export class ClientJobs {
  readonly #max: number;
  readonly #jobs = new Map<string, number>();

  constructor(max: number) {
    this.#max = max;
  }

  /**
   * Counts a job until the returned function is called.
   * @param caller who calls: by key or certificate, or by IP address where neither was asked for
   * @throws AsyncDiffError `queue_full`
   */
  enter({ caller, peer }: Pick<CallContext, 'caller' | 'peer'>): () => void {
    const client = caller.id === '' ? hostOf(peer) : caller.id;
    const name = caller.id === '' ? client : caller.name;
    const jobs = this.#jobs.get(client) ?? 0;
    if (jobs >= this.#max) {
      throw new AsyncDiffError(
        'queue_full',
        `${name} has ${jobs} jobs here, as many as one client may have`,
        {
          hint: 'Wait until one of them has ended, or raise --max-jobs-per-client of `asyncdiff serve`.',
        },
      );
    }
    this.#jobs.set(client, jobs + 1);
    return () => {
      const left = (this.#jobs.get(client) ?? 1) - 1;
      if (left === 0) this.#jobs.delete(client);
      else this.#jobs.set(client, left);
    };
  }
}

/** Without the port, which is another one with each connection. */
function hostOf(peer: string): string {
  return peer.replace(/:\d+$/, '');
}
