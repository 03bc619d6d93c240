import { AsyncDiffError } from '../common/errors/index.js';
import { runSettings } from '../execution/index.js';
import { checkLimit, checkName, LIMITS } from '../common/settings/index.js';
import type { JobEvent } from '../rpc/gen/asyncdiff/v1/JobEvent.js';
import type { RunHeader__Output } from '../rpc/gen/asyncdiff/v1/RunHeader.js';
import type { RunRequest__Output } from '../rpc/gen/asyncdiff/v1/RunRequest.js';
import { fromPlanSettingsMessage, fromTensorMessages } from '../rpc/index.js';
import type { ControlStream } from '../rpc/streams/index.js';
import type { NamedTensors } from './deployment/index.js';
import type { ItemsRequest } from './jobs/index.js';
import type { HeldInputs } from './held-memory.js';
import { SendingPatience } from './sending-patience.js';

/** A run as it came: whole, and checked as far as needs no plan. */
interface ReceivedRun {
  readonly jobId: string;
  readonly detached: boolean;
  readonly modelSha256: string;
  readonly request: Omit<ItemsRequest, 'modelPath'>;
}

interface ReceivingOptions {
  /** What is taken counts there. */
  readonly held: HeldInputs;
  /** So long the client may send nothing, milliseconds. */
  readonly stallMs: number;
}

/**
 * Takes the header and the items of a run; resolves when all are there.
 * @throws AsyncDiffError `limit_exceeded`, `queue_full`, `invalid_input`, `invalid_settings`; `cancelled` for a client that left,
 * `deadline_exceeded` for one that sends nothing more
 */
export function receiveRun(
  stream: ControlStream<JobEvent, RunRequest__Output>,
  { held, stallMs }: ReceivingOptions,
): Promise<ReceivedRun> {
  return new Promise<ReceivedRun>((resolve, reject) => {
    const run = new IncomingRun(held);
    const patience = new SendingPatience('its run', stallMs, reject);
    let isOver = false;
    const over = (how: () => void): void => {
      isOver = true;
      patience.clear();
      how();
    };
    stream.listen({
      onMessage: (message) => {
        // What comes after the end, one way or the other, is not kept.
        if (isOver) return;
        try {
          patience.heard(run.take(message));
          if (run.isWhole) over(() => resolve(run.received));
        } catch (error) {
          over(() => reject(AsyncDiffError.from(error)));
        }
      },
      onClosed: (error) =>
        over(() =>
          reject(
            error ?? new AsyncDiffError('invalid_input', `the run ended after ${run.items.length} items`),
          ),
        ),
    });
  });
}

class IncomingRun {
  readonly items: NamedTensors[] = [];
  #header:
    | (Omit<ReceivedRun['request'], 'items'> & Omit<ReceivedRun, 'request'> & { readonly count: number })
    | undefined;
  readonly #held: HeldInputs;
  #bytes = 0;

  constructor(held: HeldInputs) {
    this.#held = held;
  }

  get isWhole(): boolean {
    return this.#header !== undefined && this.items.length === this.#header.count;
  }

  get received(): ReceivedRun {
    if (this.#header === undefined) throw new AsyncDiffError('invalid_input', 'the run has no header');
    const { jobId, detached, modelSha256, count: _count, ...request } = this.#header;
    return { jobId, detached, modelSha256, request: { ...request, items: this.items } };
  }

  /** Returns the bytes of its tensors. */
  take({ header, item }: RunRequest__Output): number {
    const before = this.#bytes;
    if (header && this.#header === undefined) this.#begin(header);
    else if (item && this.#header !== undefined && !this.isWhole) this.items.push(this.#tensors(item.inputs));
    else throw new AsyncDiffError('invalid_input', 'a run is one header, and as many items as it says');
    return this.#bytes - before;
  }

  #begin({ modelSha256, items, inputs, states, plan, jobId, trace, detached }: RunHeader__Output): void {
    checkLimit('runItems', items, 'the list');
    checkLimit('tensors', states.length, 'states');
    if (items === 0) throw new AsyncDiffError('invalid_input', 'the list has no items');
    for (const { input, value } of states) {
      checkName(input, 'a state');
      checkName(value, 'a state');
    }
    this.#header = {
      jobId,
      detached,
      trace,
      count: items,
      modelSha256,
      inputs: this.#tensors(inputs),
      states,
      settings: runSettings(fromPlanSettingsMessage(plan)),
    };
  }

  #tensors(messages: Parameters<typeof fromTensorMessages>[0]): NamedTensors {
    checkLimit('tensors', Object.keys(messages).length, 'inputs');
    for (const name of Object.keys(messages)) checkName(name, 'an input');
    const bytes = Object.values(messages).reduce((sum, { data }) => sum + data.length, 0);
    this.#bytes += bytes;
    checkLimit('runBytes', this.#bytes, 'the run', LIMITS.runBytes.max);
    this.#held.take(bytes);
    return fromTensorMessages(messages);
  }
}
