/** Whether a process of this host is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // One of another user is there all the same.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
