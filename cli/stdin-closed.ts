/** Resolves when standard input closes: a process whose starter holds the other end outlives it by no more than that. */
export function stdinClosed(): Promise<undefined> {
  return new Promise((resolve) => {
    process.stdin.once('close', () => resolve(undefined));
    process.stdin.once('end', () => resolve(undefined));
    process.stdin.resume();
  });
}
