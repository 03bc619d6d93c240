/** exp(mean(log(values))); 0 where one of them is 0. @throws RangeError for no values, or a negative one */
export function geometricMean(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('no values to average');
  const negative = values.find((value) => value < 0);
  if (negative !== undefined) throw new RangeError(`${negative} has no geometric mean`);
  return Math.exp(arithmeticMean(values.map(Math.log)));
}

/** @throws RangeError for no values */
export function arithmeticMean(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('no values to average');
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
