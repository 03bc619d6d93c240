import { f } from './float32.js';

/** x with matrix x = values, in float32 with partial pivoting, as LAPACK's sgesv. The matrix is square and small. */
export function linearSolve(matrix: readonly (readonly number[])[], values: readonly number[]): number[] {
  const rows = matrix.map((row, i) => [...row, values[i] as number]);
  const size = rows.length;
  const at = (row: number, column: number): number => rows[row]?.[column] as number;
  for (let column = 0; column < size; column += 1) {
    let pivot = column;
    for (let row = column + 1; row < size; row += 1)
      if (Math.abs(at(row, column)) > Math.abs(at(pivot, column))) pivot = row;
    [rows[column], rows[pivot]] = [rows[pivot] as number[], rows[column] as number[]];
    const reciprocal = f(1 / at(column, column));
    for (let row = column + 1; row < size; row += 1) {
      const factor = f(at(row, column) * reciprocal);
      rows[row] = (rows[row] as number[]).map((value, k) =>
        k < column ? value : f(value - f(factor * at(column, k))),
      );
    }
  }
  const solution = rows.map(() => 0);
  for (let row = size - 1; row >= 0; row -= 1) {
    let rest = at(row, size);
    for (let k = row + 1; k < size; k += 1) rest = f(rest - f(at(row, k) * (solution[k] as number)));
    solution[row] = f(rest / at(row, row));
  }
  return solution;
}
