import { type Tensor, zeros } from '../../common/tensor/index.js';
import type { SegmentSpec } from '../index.js';
import type { SegmentSession } from '../index.js';

const clock = new Int32Array(new SharedArrayBuffer(4));

/**
 * A declared device: waits the declared time instead of computing and gives zeros of the right sizes. The thread
 * sleeps in Atomics.wait, so that it holds no core while the real device would be busy, and wakes within ~0.1 ms.
 */
export class DeclaredSession implements SegmentSession {
  readonly #spec: SegmentSpec;
  readonly #dilation: number;
  #busyUntilMs = 0;

  /** @param dilation factor on every declared time, so that few cores can stand in for many hosts. */
  constructor(spec: SegmentSpec, dilation: number) {
    this.#spec = spec;
    this.#dilation = dilation;
  }

  async run(_feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    const startMs = performance.now();
    const outputs: Record<string, Tensor> = {};
    for (const { name, dtype, dims } of this.#spec.outputs) outputs[name] = zeros(dtype, dims);
    // Allocation is not part of the device's time: the wait ends at a deadline, not after a delay.
    this.#busyUntilMs = startMs + this.#spec.declaredMs * this.#dilation;
    for (
      let leftMs = this.#busyUntilMs - performance.now();
      leftMs > 0;
      leftMs = this.#busyUntilMs - performance.now()
    ) {
      Atomics.wait(clock, 0, 0, leftMs);
    }
    return outputs;
  }

  async release(): Promise<void> {}
}
