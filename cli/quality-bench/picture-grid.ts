import { gridPicture, type RgbImage } from '../../common/image/index.js';
import type { Tensor } from '../../common/tensor/index.js';
import type { QualityPrompt } from './prompts.js';
import type { Method, QualityOutcome } from './run-quality.js';
import type { StoredRun } from './run-store.js';

/** Pictures of each configuration. */
export const SHOWN_PICTURES = 2;
const COLUMNS = 5;

/**
 * For each configuration its first pictures: the sequential one, AsyncDiff's, look-ahead's, and how far the two are from the first, amplified
 * alike; undefined where there is nothing to show.
 */
export function pictureGrid(
  { sequential, measured }: Pick<QualityOutcome, 'sequential' | 'measured'>,
  prompts: readonly QualityPrompt[],
): RgbImage | undefined {
  const images: RgbImage[] = [];
  const labels: string[] = [];
  const configs = [...new Set(measured.map(({ config }) => config))];
  for (const config of configs) {
    const runsOf = (method: Method): readonly StoredRun[] =>
      measured.find((one) => one.config === config && one.method === method)?.runs ?? [];
    for (let at = 0; at < Math.min(SHOWN_PICTURES, prompts.length); at++) {
      const [original, theirs, ours] = [sequential, runsOf('asyncdiff'), runsOf('look-ahead')].map(
        (runs) => runs[at],
      );
      const pictures = [original, theirs, ours].map((run) => run?.drawn?.picture);
      const [first, second, third] = pictures;
      if (first === undefined || second === undefined || third === undefined) continue;
      const times = amplification(first, second, third);
      images.push(
        ...[first, second, third].map(toRgb),
        errorMap(second, first, times),
        errorMap(third, first, times),
      );
      labels.push(
        prompts[at]?.prompt ?? '',
        `${config.name}, AsyncDiff${decibels(theirs)}`,
        `${config.name}, look-ahead${decibels(ours)}`,
        `error of AsyncDiff, x ${times}`,
        `error of look-ahead, x ${times}`,
      );
    }
  }
  return images.length === 0 ? undefined : gridPicture(images, labels, COLUMNS, { scale: gridScale(images) });
}

/** Five columns of about 192 pixels. */
function gridScale([first]: readonly RgbImage[]): number {
  return Math.max(1, Math.round(192 / (first?.width ?? 192)));
}

function decibels(run: StoredRun | undefined): string {
  const db = run?.facts.comparison?.psnrDb;
  return db === undefined ? '' : db === null ? ', equal' : `, ${db.toFixed(1)} dB`;
}

/** 1, 2 or 5 times a power of ten, so that the largest error of the two is about white. */
function amplification(original: Tensor, ...others: readonly Tensor[]): number {
  let largest = 0;
  for (const { data } of others)
    for (let i = 0; i < data.length; i++)
      largest = Math.max(largest, Math.abs((data[i] as number) - (original.data[i] as number)));
  if (largest === 0) return 1;
  const power = 10 ** Math.floor(Math.log10(1 / largest));
  return Math.max(1, ([5, 2, 1].find((factor) => factor * power * largest <= 1) ?? 1) * power);
}

function errorMap({ data, dims }: Tensor, original: Tensor, times: number): RgbImage {
  const [height = 0, width = 0] = dims;
  const pixels = Uint8Array.from({ length: data.length }, (_, i) =>
    Math.min(255, Math.round(255 * times * Math.abs((data[i] as number) - (original.data[i] as number)))),
  );
  return { width, height, data: pixels };
}

function toRgb({ data, dims }: Tensor): RgbImage {
  const [height = 0, width = 0] = dims;
  return {
    width,
    height,
    data: Uint8Array.from({ length: data.length }, (_, i) => Math.round(255 * (data[i] as number))),
  };
}
