import type { RunReport } from '../../client/index.js';
import type { Tensor } from '../../common/tensor/index.js';

/** One finished run. */
export interface Sample {
  readonly report: RunReport;
  readonly latents: Tensor;
  /** PNG, or what the workload asked for; empty on declared devices. */
  readonly images: readonly Uint8Array[];
  /** Chrome trace JSON; empty unless it was traced. */
  readonly trace: string;
}

/** The run's time as the reports of the benchmark give it: declared times are measured dilated and divided here. */
export function undilatedSeconds({ report }: Sample): number {
  return report.seconds / dilationOf(report);
}

/** Factor on declared times; 1 for real devices. */
export function dilationOf({ declared, timeDilation }: RunReport): number {
  return declared && timeDilation > 0 ? timeDilation : 1;
}

/** Whether two runs gave the same latents and pictures, bit for bit. */
export function sameOutput(a: Sample, b: Sample): boolean {
  return (
    sameBytes(bytesOf(a.latents), bytesOf(b.latents)) &&
    a.images.length === b.images.length &&
    a.images.every((image, index) => sameBytes(image, b.images[index] as Uint8Array))
  );
}

/** Whether all runs equal the first. */
export function allEqual(samples: readonly Sample[]): boolean {
  return samples.every((sample) => sameOutput(samples[0] as Sample, sample));
}

function bytesOf({ data }: Tensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
