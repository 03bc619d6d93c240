import { AsyncDiffError } from '../../common/errors/index.js';

/** A reader of what comes from a file or from the network. */
export interface FuzzTarget {
  readonly name: string;
  /** Inputs that it takes, to be changed. */
  readonly valid: readonly Uint8Array[];
  /** Reads an input; what it throws must be an error with a code. */
  readonly read: (input: Uint8Array) => void | Promise<void>;
  /** Of a run over all targets, so many times the share of the others. */
  readonly share: number;
  readonly close?: (() => void | Promise<void>) | undefined;
}

/** Whether an error says what is wrong with the input: coded, and no fault of the program. */
export function isAnswer(error: unknown): boolean {
  return error instanceof AsyncDiffError && error.code !== 'internal';
}

/** Reads one input. Throws what no reader may throw. */
export async function readOne({ name, read }: FuzzTarget, input: Uint8Array): Promise<void> {
  try {
    await read(input);
  } catch (error) {
    if (isAnswer(error)) return;
    const shown = Buffer.from(input).toString('base64').slice(0, 2_000);
    throw new Error(`${name} threw ${String(error)} for base64 ${shown}`, { cause: error });
  }
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
