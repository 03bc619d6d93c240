/** Thread entry: text encoders and VAE of a pipeline. A run of theirs takes seconds, and must hold up neither the network nor a job's rounds. */
import { workerData } from 'node:worker_threads';
import { AsyncDiffError } from '../../common/errors/index.js';
import { inTurn, serveThread } from '../../common/threads/index.js';
import { parseDevice, PartModel } from '../../execution/index.js';
import type { PartThreadCalls, PartThreadSettings } from './part-messages.js';

const settings = workerData as PartThreadSettings;
const parts = new Map<string, PartModel>();

/** One call at a time, in the order in which they came. */
const inOrder = inTurn();

async function open({ partId, name, ...model }: PartThreadCalls['open']['argument']): Promise<undefined> {
  const device = parseDevice(settings.device);
  if (device.kind === 'declared') throw new AsyncDiffError('internal', 'a declared device opens no part');
  parts.set(partId, await PartModel.open(model, name, { threads: settings.threads, device }));
}

async function close(partId: string): Promise<undefined> {
  const part = parts.get(partId);
  parts.delete(partId);
  await part?.close();
}

serveThread<PartThreadCalls>({
  calls: {
    open: (part) => inOrder(async () => ({ result: await open(part) })),
    run: ({ partId, inputs, outputs }) =>
      inOrder(async () => {
        const part = parts.get(partId);
        if (part === undefined) throw new AsyncDiffError('worker_lost', `part ${partId} was closed`);
        const result = await part.run(inputs, outputs.length === 0 ? undefined : outputs);
        return { result, transfer: Object.values(result).map(({ data }) => data.buffer as ArrayBuffer) };
      }),
    close: ({ partId }) => inOrder(async () => ({ result: await close(partId) })),
  },
  onStop: () =>
    inOrder(async () => {
      for (const partId of parts.keys()) await close(partId);
    }),
  failureCode: 'worker_failed',
});
