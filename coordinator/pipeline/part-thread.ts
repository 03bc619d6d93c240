/** Thread entry: tokenizers, hashing, and parts where no worker runs them, away from the thread that serves the network. */
import { workerData } from 'node:worker_threads';
import type { Tensor } from '../../common/tensor/index.js';
import { inTurn, serveThread } from '../../common/threads/index.js';
import { OpenParts } from './open-parts.js';
import type { PartCalls, PartThreadData } from './thread-messages.js';

const parts = new OpenParts(workerData as PartThreadData);

function bufferOf({ data }: { readonly data: Tensor['data'] }): ArrayBuffer {
  return data.buffer as ArrayBuffer;
}

/** One call at a time, in the order they came. */
const inOrder = inTurn();

serveThread<PartCalls>({
  calls: {
    open: () => inOrder(async () => ({ result: await parts.open() })),
    run: ({ part, inputs, outputs }) =>
      inOrder(async () => {
        const result = await parts.run(part, inputs, outputs);
        return { result, transfer: Object.values(result).map(bufferOf) };
      }),
    model: ({ part }) => inOrder(async () => ({ result: await parts.export(part) })),
    weight: ({ part, suffix }) => inOrder(async () => ({ result: parts.weight(part, suffix) })),
    tokenize: ({ tokenizer, text, options }) =>
      inOrder(async () => ({ result: parts.tokenize(tokenizer, text, options) })),
  },
  onStop: () => inOrder(async () => await parts.close()),
});
