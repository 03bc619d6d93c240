/**
 * The solution of `matrix` x = `right` for a symmetric positive definite matrix, by Cholesky's decomposition. Both are overwritten.
 *
 * @param matrix row by row; only its lower triangle is read
 */
export function solveSymmetric(matrix: readonly Float64Array[], right: Float64Array): Float64Array {
  const size = right.length;
  for (let i = 0; i < size; i++) {
    const row = matrix[i]!;
    for (let j = 0; j <= i; j++) {
      const other = matrix[j]!;
      let sum = row[j]!;
      for (let k = 0; k < j; k++) sum -= row[k]! * other[k]!;
      row[j] = i === j ? Math.sqrt(sum) : sum / other[j]!;
    }
  }
  for (let i = 0; i < size; i++) {
    let sum = right[i]!;
    for (let k = 0; k < i; k++) sum -= matrix[i]![k]! * right[k]!;
    right[i] = sum / matrix[i]![i]!;
  }
  for (let i = size - 1; i >= 0; i--) {
    let sum = right[i]!;
    for (let k = i + 1; k < size; k++) sum -= matrix[k]![i]! * right[k]!;
    right[i] = sum / matrix[i]![i]!;
  }
  return right;
}
