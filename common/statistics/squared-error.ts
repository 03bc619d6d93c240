/** Mean square of the differences. @throws RangeError where the lengths differ or are 0 */
export function meanSquaredError(values: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (values.length !== expected.length || values.length === 0)
    throw new RangeError(`cannot compare ${values.length} values with ${expected.length}`);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += ((values[i] as number) - (expected[i] as number)) ** 2;
  return sum / values.length;
}

/** Of all values, over their number. @throws RangeError for no values */
export function variance(values: ArrayLike<number>): number {
  if (values.length === 0) throw new RangeError('no values have no variance');
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] as number;
  const mean = sum / values.length;
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += ((values[i] as number) - mean) ** 2;
  return squares / values.length;
}
