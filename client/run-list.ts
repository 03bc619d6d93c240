import type { ClientDuplexStream } from '@grpc/grpc-js';
import type { JobCallOptions } from './client-options.js';
import type { PlanOptions } from '../common/settings/index.js';
import type { Tensor } from '../common/tensor/index.js';
import type { JobEvent__Output } from '../rpc/gen/asyncdiff/v1/JobEvent.js';
import type { RunRequest } from '../rpc/gen/asyncdiff/v1/RunRequest.js';
import { toPlanSettingsMessage, toTensorMessages } from '../rpc/index.js';

/** A single-pass model over a list: no sampler, each component of it computes another item. */
export interface RunOptions extends JobCallOptions {
  /** Content address of the model: what {@link AsyncDiffClient.uploadModel} gave. */
  readonly modelSha256: string;
  /** By graph-input name; the same names in every item. Items of several shapes are run shape by shape, where the graph's axes are open. */
  readonly items: readonly Readonly<Record<string, Tensor>>[];
  /** Inputs that are the same for every item, and states of the first one, by graph-input name. */
  readonly inputs?: Readonly<Record<string, Tensor>> | undefined;
  /** States: the graph input `input` of an item is what the item before made as the output `output`; the first one's is among `inputs`, or zeros. */
  readonly states?: readonly { readonly output: string; readonly input: string }[] | undefined;
  /** `components`, `cuts`, `dataPath`, `optimizationLevel`, `maxWorkers`, `useWorkers`: others say nothing where nothing is stale. */
  readonly plan?: PlanOptions | undefined;
  /** Record a timeline of all hosts. */
  readonly trace?: boolean | undefined;
}

/** Sends a run, item after item, as fast as the network takes it. What goes wrong with the call is told where its events are read. */
export async function sendRun(
  call: ClientDuplexStream<RunRequest, JobEvent__Output>,
  jobId: string,
  { modelSha256, items, inputs = {}, states = [], plan, trace = false, detached = false }: RunOptions,
): Promise<void> {
  let isOver = false;
  const end = (): void => {
    isOver = true;
  };
  call.once('error', end).once('end', end).once('close', end);
  const write = (message: RunRequest): Promise<void> =>
    new Promise((written) => (isOver ? written() : call.write(message, () => written())));
  await write({
    header: {
      jobId,
      modelSha256,
      items: items.length,
      inputs: toTensorMessages(inputs),
      states: states.map(({ output, input }) => ({ input, value: output })),
      plan: toPlanSettingsMessage(plan),
      trace,
      detached,
    },
  });
  for (const item of items) {
    if (isOver) return;
    await write({ item: { inputs: toTensorMessages(item) } });
  }
  if (!isOver) call.end();
}
