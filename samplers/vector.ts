/** Latents and model outputs, flat, float32. Every operation makes a new array and rounds to float32, as torch does. */
export type Vector = Float32Array;

/** k0 v0 + k1 v1 + ... from left to right; each product and each sum rounds. The vectors are of one length. */
export function weighted(...terms: readonly (readonly [number, Vector])[]): Vector {
  const [first, ...rest] = terms as [readonly [number, Vector], ...(readonly [number, Vector])[]];
  const sum = times(first[0], first[1]);
  for (const [factor, values] of rest) {
    const k = Math.fround(factor);
    for (let i = 0; i < sum.length; i += 1)
      sum[i] = (sum[i] as number) + Math.fround(k * (values[i] as number));
  }
  return sum;
}

export function times(factor: number, values: Vector): Vector {
  const k = Math.fround(factor);
  const product = new Float32Array(values.length);
  for (let i = 0; i < product.length; i += 1) product[i] = k * (values[i] as number);
  return product;
}

export function over(values: Vector, divisor: number): Vector {
  const k = Math.fround(divisor);
  const quotient = new Float32Array(values.length);
  for (let i = 0; i < quotient.length; i += 1) quotient[i] = (values[i] as number) / k;
  return quotient;
}

export function plus(a: Vector, b: Vector): Vector {
  const sum = new Float32Array(a.length);
  for (let i = 0; i < sum.length; i += 1) sum[i] = (a[i] as number) + (b[i] as number);
  return sum;
}

export function minus(a: Vector, b: Vector): Vector {
  const difference = new Float32Array(a.length);
  for (let i = 0; i < difference.length; i += 1) difference[i] = (a[i] as number) - (b[i] as number);
  return difference;
}

/** Element by element. */
export function product(a: Vector, b: Vector): Vector {
  const values = new Float32Array(a.length);
  for (let i = 0; i < values.length; i += 1) values[i] = (a[i] as number) * (b[i] as number);
  return values;
}

/** Each value held between -range and range. */
export function clamp(values: Vector, range: number): Vector {
  const limit = Math.fround(range);
  return values.map((value) => Math.min(Math.max(value, -limit), limit));
}
