/*
 * Conversion by table (van der Zijp, "Fast Half Float Conversions", 2008), with rounding to nearest even added. A float32's
 * sign and exponent, nine bits, index the tables; the mantissa is shifted, rounded and added to a base, so that a carry
 * out of it raises the exponent, up to infinity, by itself.
 */

const base = new Uint16Array(512);
const shift = new Uint8Array(512);
/** The mantissa's hidden one, where it becomes visible (subnormal halves). */
const hidden = new Uint32Array(512);
/** Zero where no bit of the mantissa can matter (too small, or too large). */
const mask = new Uint32Array(512);

for (let index = 0; index < 512; index += 1) {
  const sign = index >= 256 ? 0x8000 : 0;
  const exponent = index & 0xff;
  if (exponent < 102) {
    base[index] = sign;
    shift[index] = 24;
  } else if (exponent < 113) {
    base[index] = sign;
    shift[index] = 126 - exponent;
    hidden[index] = 0x800000;
    mask[index] = 0x7fffff;
  } else if (exponent < 143) {
    base[index] = sign | ((exponent - 112) << 10);
    shift[index] = 13;
    mask[index] = 0x7fffff;
  } else {
    base[index] = sign | 0x7c00;
    shift[index] = 24;
  }
}

/** The float32 bits of every float16; built on first use, since 256 kB are not needed by every process. */
let decoded: Uint32Array | undefined;

/**
 * float32 to float16 bit patterns, rounded to nearest even as NumPy and ONNX Runtime do; over 65504 (by half a step) it is
 * infinity. A NaN stays a NaN and keeps the upper bits of its payload.
 */
export function encodeFloat16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < halves.length; i += 1) {
    const word = bits[i] as number;
    const index = word >>> 23;
    const by = shift[index] as number;
    const mantissa = (word & (mask[index] as number)) | (hidden[index] as number);
    const towardsEven = (1 << (by - 1)) - 1 + ((mantissa >>> by) & 1);
    halves[i] = (base[index] as number) + ((mantissa + towardsEven) >>> by);
    if ((word & 0x7fffffff) > 0x7f800000) {
      const payload = (word & 0x7fffff) >>> 13;
      halves[i] = (base[index] as number) | (payload === 0 ? 1 : payload);
    }
  }
  return halves;
}

/** float16 bit patterns to float32, exactly. */
export function decodeFloat16(halves: Uint16Array): Float32Array {
  decoded ??= Uint32Array.from({ length: 65536 }, (_, half) => decodeOne(half));
  const values = new Float32Array(halves.length);
  const bits = new Uint32Array(values.buffer);
  for (let i = 0; i < bits.length; i += 1) bits[i] = decoded[halves[i] as number] as number;
  return values;
}

function decodeOne(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >>> 10) & 0x1f;
  const mantissa = half & 0x3ff;
  if (exponent === 0x1f) return sign | 0x7f800000 | (mantissa << 13);
  if (exponent !== 0) return sign | ((exponent + 112) << 23) | (mantissa << 13);
  if (mantissa === 0) return sign;
  // A subnormal half is a normal float32: shift the leading one up into the hidden place.
  const up = Math.clz32(mantissa) - 21;
  return sign | ((113 - up) << 23) | (((mantissa << up) & 0x3ff) << 13);
}
