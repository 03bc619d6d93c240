import type { AsyncDiffError } from '../../common/errors/index.js';
import { componentCount } from '../../program/index.js';
import { toTensorMessages } from '../../rpc/index.js';
import type { Deployment, NamedTensors } from '../deployment/index.js';
import type { ItemRates } from './item-rates.js';
import type { JobContext } from './job-context.js';

/** Progress is for people: ten events a second are enough. */
const PROGRESS_INTERVAL_MS = 100;

/** What the client of a list hears while it runs. */
export class ItemEvents {
  readonly #context: JobContext;
  readonly #items: number;
  #done = 0;
  /** When progress was told last. */
  #toldMs = 0;
  /** When the first attempt began; 0 before. */
  #beganMs = 0;
  /** Predicted time of an item on one worker, of the plan in use. */
  #oneWorkerMs = 0;

  constructor(context: JobContext, items: number) {
    this.#context = context;
    this.#items = items;
  }

  /** @param loss what the attempt before ended with; undefined for the first */
  deployed(
    { planId, partition, workers }: Deployment,
    { periodMs, oneWorkerMs }: ItemRates,
    loss: AsyncDiffError | undefined,
  ): void {
    const done = this.#done;
    if (loss !== undefined) {
      const message = `going on with ${workers.length} workers after ${done} items: ${loss.rawMessage}`;
      this.#context.emit({ warning: { message } });
    }
    const components = componentCount(partition);
    this.#context.planned({ plan: planId, components, period_ms: periodMs, items_done: done });
    this.#oneWorkerMs = oneWorkerMs;
    if (this.#beganMs === 0) this.#beganMs = performance.now();
    this.#context.emit({
      planned: {
        components,
        stride: 1,
        warmUp: 1,
        workers: workers.length,
        rounds: this.#items,
        predictedPeriodMs: periodMs,
      },
    });
  }

  /** The next item waits for the returned promise: a client that reads slowly holds up its list. @param item its place in the list */
  item(item: number, outputs: NamedTensors): Promise<void> | undefined {
    this.#done += 1;
    this.#context.emit({ itemOutputs: { item, outputs: toTensorMessages(outputs) } });
    const nowMs = performance.now();
    const isLast = this.#done === this.#items;
    if (nowMs - this.#toldMs >= PROGRESS_INTERVAL_MS || isLast) this.#tell(nowMs);
    return this.#context.room();
  }

  #tell(nowMs: number): void {
    this.#toldMs = nowMs;
    const [done, ms] = [this.#done, nowMs - this.#beganMs];
    this.#context.emit({
      progress: {
        step: done,
        steps: this.#items,
        round: done,
        stepsPerSecond: (1000 * done) / ms,
        speedup: (done * this.#oneWorkerMs) / ms,
        secondsLeft: ((this.#items - done) * ms) / done / 1000,
      },
    });
  }
}
