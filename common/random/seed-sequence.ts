const INIT_A = 0x43b0d7e5;
const MULT_A = 0x931e8875;
const INIT_B = 0x8b51f9dd;
const MULT_B = 0x58f38ded;
const MIX_MULT_L = 0xca01f9dd;
const MIX_MULT_R = 0x4973f715;
const XSHIFT = 16;

/**
 * `numpy.random.SeedSequence(entropy, spawn_key=spawnKey, pool_size=poolSize).generate_state(count)`: unsigned 32-bit numbers.
 * @param entropy at least 0
 */
export function seedSequence(
  entropy: bigint,
  spawnKey: readonly (number | bigint)[],
  poolSize: number,
  count: number,
): number[] {
  return generate(mixedPool(entropy, spawnKey, poolSize), count);
}

function mixedPool(entropy: bigint, spawnKey: readonly (number | bigint)[], poolSize: number): Uint32Array {
  const run = words(entropy);
  const spawn = spawnKey.flatMap((key) => words(BigInt(key)));
  // Entropy shorter than the pool is filled up before a spawn key, so that the two cannot be taken for each other.
  if (spawn.length > 0) while (run.length < poolSize) run.push(0);
  const assembled = [...run, ...spawn];
  const pool = new Uint32Array(poolSize);
  let constant = INIT_A;
  const hash = (value: number): number => {
    let mixed = (value ^ constant) >>> 0;
    constant = Math.imul(constant, MULT_A) >>> 0;
    mixed = Math.imul(mixed, constant) >>> 0;
    return (mixed ^ (mixed >>> XSHIFT)) >>> 0;
  };
  for (let i = 0; i < poolSize; i += 1) pool[i] = hash(assembled[i] ?? 0);
  for (let source = 0; source < poolSize; source += 1) {
    for (let to = 0; to < poolSize; to += 1)
      if (source !== to) pool[to] = mix(pool[to] as number, hash(pool[source] as number));
  }
  for (const word of assembled.slice(poolSize)) {
    for (let to = 0; to < poolSize; to += 1) pool[to] = mix(pool[to] as number, hash(word));
  }
  return pool;
}

function mix(x: number, y: number): number {
  const mixed = (Math.imul(MIX_MULT_L, x) - Math.imul(MIX_MULT_R, y)) >>> 0;
  return (mixed ^ (mixed >>> XSHIFT)) >>> 0;
}

function generate(pool: Uint32Array, count: number): number[] {
  let constant = INIT_B;
  return Array.from({ length: count }, (_, i) => {
    let value = ((pool[i % pool.length] as number) ^ constant) >>> 0;
    constant = Math.imul(constant, MULT_B) >>> 0;
    value = Math.imul(value, constant) >>> 0;
    return (value ^ (value >>> XSHIFT)) >>> 0;
  });
}

/** Lowest first; one for 0. */
function words(value: bigint): number[] {
  const list: number[] = [];
  for (let rest = value; rest > 0n || list.length === 0; rest >>= 32n) list.push(Number(rest & 0xffffffffn));
  return list;
}
