/** What a command may touch of its process: tests call commands with their own. */
export interface CommandIo {
  /** The result, and nothing else. */
  readonly stdout: { write(text: string): unknown };
  /** Progress, warnings and logs. */
  readonly stderr: {
    write(text: string): unknown;
    readonly isTTY?: boolean | undefined;
    readonly columns?: number | undefined;
  };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
}

/** One JSON document, as `--json` promises. */
export function writeJson(io: CommandIo, document: unknown): void {
  io.stdout.write(`${JSON.stringify(document)}\n`);
}
