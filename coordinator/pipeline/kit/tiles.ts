import { float32, type Tensor } from '../../../common/tensor/index.js';
import { concat, floatsOf } from './tensor-rows.js';

/** Of a tile's edge, shared with the next one: diffusers' `tile_overlap_factor`. */
const OVERLAP = 0.25;

/** Edges of the square tiles that a picture goes through a VAE in. */
export interface TileEdges {
  /** Of what goes in. */
  readonly input: number;
  /** Of what comes out of a whole tile. */
  readonly output: number;
}

/**
 * [B, C, height, width] through a network in overlapping tiles, blended linearly: diffusers' `AutoencoderKL.tiled_decode` and
 * `_tiled_encode`, float32 operation by operation. Memory goes with two rows of tiles.
 *
 * @param edges multiples of 4, so that what comes out is as large as without tiles
 * @param run one tile through the network; those at the right and lower edge are smaller
 */
export async function inTiles(
  input: Tensor,
  edges: TileEdges,
  run: (tile: Tensor) => Promise<Tensor>,
): Promise<Tensor> {
  const [, , height = 0, width = 0] = input.dims;
  const step = Math.floor(edges.input * (1 - OVERLAP));
  const extent = Math.floor(edges.output * OVERLAP);
  const kept = edges.output - extent;
  const rows: Tensor[] = [];
  let above: readonly Tensor[] = [];
  for (let y = 0; y < height; y += step) {
    const row: Tensor[] = [];
    for (let x = 0; x < width; x += step) {
      const made = await run(crop(input, y, x, edges.input));
      // Blending writes into the tile, which may be the session's own memory.
      const tile = float32(floatsOf(made).slice(), made.dims);
      const [over, left] = [above[row.length], row.at(-1)];
      if (over !== undefined) blend(over, tile, extent, 'down');
      if (left !== undefined) blend(left, tile, extent, 'right');
      row.push(tile);
    }
    rows.push(
      concat(
        row.map((tile) => crop(tile, 0, 0, kept)),
        3,
      ),
    );
    above = row;
  }
  return concat(rows, 2);
}

/** A square from (y, x) on, smaller where the planes end. */
function crop(planes: Tensor, y: number, x: number, edge: number): Tensor {
  const [batch = 1, channels = 1, height = 0, width = 0] = planes.dims;
  const [rows, columns] = [Math.min(edge, height - y), Math.min(edge, width - x)];
  const from = floatsOf(planes);
  const data = new Float32Array(batch * channels * rows * columns);
  for (let plane = 0; plane < batch * channels; plane += 1)
    for (let row = 0; row < rows; row += 1) {
      const start = (plane * height + y + row) * width + x;
      data.set(from.subarray(start, start + columns), (plane * rows + row) * columns);
    }
  return float32(data, [batch, channels, rows, columns]);
}

/** `blend_v` (down) and `blend_h` (right): the last rows, or columns, of `before` fade out over the first ones of `tile`. */
function blend(before: Tensor, tile: Tensor, extent: number, way: 'down' | 'right'): void {
  const axis = way === 'down' ? 2 : 3;
  const [batch = 1, channels = 1, height = 0, width = 0] = tile.dims;
  const [, , beforeHeight = 0, beforeWidth = 0] = before.dims;
  const size = Math.min(before.dims[axis] ?? 0, tile.dims[axis] ?? 0, extent);
  const [from, to] = [floatsOf(before), floatsOf(tile)];
  const across = way === 'down' ? Math.min(width, beforeWidth) : Math.min(height, beforeHeight);
  for (let i = 0; i < size; i += 1) {
    const share = Math.fround(i / size);
    const rest = Math.fround(1 - i / size);
    for (let plane = 0; plane < batch * channels; plane += 1)
      for (let j = 0; j < across; j += 1) {
        const [y, x] = way === 'down' ? [i, j] : [j, i];
        const [fromY, fromX] = way === 'down' ? [beforeHeight - size + i, j] : [j, beforeWidth - size + i];
        const at = (plane * height + y) * width + x;
        const old = from[(plane * beforeHeight + fromY) * beforeWidth + fromX] as number;
        to[at] = Math.fround(old * rest) + Math.fround((to[at] as number) * share);
      }
  }
}
