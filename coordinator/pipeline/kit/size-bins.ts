/** Pixels. */
export interface Size {
  readonly height: number;
  readonly width: number;
}

/**
 * Height over width as diffusers writes it, height and width of about 1024 x 1024 pixels (`ASPECT_RATIO_1024_BIN` and its like, which are this table at other
 * scales).
 */
const BINS: readonly (readonly [number, number, number])[] = [
  [0.25, 512, 2048],
  [0.26, 512, 1984],
  [0.27, 512, 1920],
  [0.28, 512, 1856],
  [0.32, 576, 1792],
  [0.33, 576, 1728],
  [0.35, 576, 1664],
  [0.4, 640, 1600],
  [0.42, 640, 1536],
  [0.48, 704, 1472],
  [0.5, 704, 1408],
  [0.52, 704, 1344],
  [0.57, 768, 1344],
  [0.6, 768, 1280],
  [0.68, 832, 1216],
  [0.72, 832, 1152],
  [0.78, 896, 1152],
  [0.82, 896, 1088],
  [0.88, 960, 1088],
  [0.94, 960, 1024],
  [1, 1024, 1024],
  [1.07, 1024, 960],
  [1.13, 1088, 960],
  [1.21, 1088, 896],
  [1.29, 1152, 896],
  [1.38, 1152, 832],
  [1.46, 1216, 832],
  [1.67, 1280, 768],
  [1.75, 1344, 768],
  [2, 1408, 704],
  [2.09, 1472, 704],
  [2.4, 1536, 640],
  [2.5, 1600, 640],
  [2.89, 1664, 576],
  [3, 1728, 576],
  [3.11, 1792, 576],
  [3.62, 1856, 512],
  [3.75, 1920, 512],
  [3.88, 1984, 512],
  [4, 2048, 512],
];
/** Ratios that only the tables of 2048 and more have. */
const OF_LARGE: ReadonlySet<number> = new Set([0.26, 0.27, 2.89, 3.11, 3.62, 3.75, 3.88]);
const LARGE_EDGE = 2048;

/**
 * The size nearest in shape among those that a model of `edge` x `edge` pixels was trained on (diffusers' `classify_height_width_bin`).
 * @param edge 256, 512, 1024, 2048 or 4096
 */
export function nearestBin(edge: number, { height, width }: Size): Size {
  const ratio = height / width;
  const known = BINS.filter(([own]) => edge >= LARGE_EDGE || !OF_LARGE.has(own));
  const [, ownHeight, ownWidth] = known.reduce((best, one) =>
    Math.abs(one[0] - ratio) < Math.abs(best[0] - ratio) ? one : best,
  );
  return { height: (ownHeight * edge) / 1024, width: (ownWidth * edge) / 1024 };
}
