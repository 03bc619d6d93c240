/**
 * Environment of worker processes: glibc keeps large blocks instead of giving each back to the kernel, which makes
 * megabyte tensors cheaper to allocate (docs/reference/transport.md has the measurement). Other allocators ignore it.
 */
export const allocatorEnv: Readonly<Record<string, string>> = Object.freeze({
  MALLOC_MMAP_THRESHOLD_: String(1 << 30),
  MALLOC_TRIM_THRESHOLD_: String(1 << 30),
});
