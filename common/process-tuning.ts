/**
 * Environment of processes that move many tensors: glibc keeps freed memory instead of giving it back and faulting it in
 * again for every message. It does so in its one arena only: those of other threads are given back whatever it is told, so
 * there must be no others. It is read before `main`, so a process cannot set it for itself; elsewhere it has no effect.
 */
export const ALLOCATOR_ENVIRONMENT: Readonly<Record<string, string>> = Object.freeze({
  MALLOC_MMAP_THRESHOLD_: '1073741824',
  MALLOC_TRIM_THRESHOLD_: '1073741824',
  MALLOC_ARENA_MAX: '1',
});

/**
 * Node's own arguments for processes that move many tensors and hold few JavaScript objects: collect garbage in one step.
 *
 * V8 starts a collection for every 64 MiB of buffers. Spread over time, as it is by default, one keeps the buffers of
 * the messages of its whole duration and costs more than all copies together (docs/reference/transport.md). It must
 * stand on the command line: set by v8.setFlagsFromString in a running process, it meets a marking that has begun, and
 * V8 ends the process (one start in sixty did).
 */
export const BULK_NODE_ARGUMENTS: readonly string[] = Object.freeze(['--no-incremental-marking']);
