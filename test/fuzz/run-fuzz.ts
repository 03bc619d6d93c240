import * as fc from 'fast-check';
import { mutated } from './mutations.js';
import { type FuzzTarget, readOne } from './target.js';
import { conversationTargets } from './targets/conversations.js';
import { fileTargets } from './targets/files.js';
import { messageTargets } from './targets/messages.js';

/** An input that takes so long is a hang to whoever waits for the answer. */
const MAX_INPUT_MS = 5_000;

export interface FuzzResult {
  readonly target: string;
  readonly inputs: number;
  readonly seconds: number;
  /** The slowest input, milliseconds. */
  readonly slowestMs: number;
  /** More resident memory after the target than before, MB. */
  readonly grownMb: number;
  /** What no reader may do: how the shortest input that does it looks, and how it is made again. */
  readonly failure: string | undefined;
}

export interface FuzzOptions {
  /** Over all targets. */
  readonly inputs: number;
  readonly seed: number;
  /** Of the targets whose names hold this. */
  readonly only?: string | undefined;
  readonly onResult?: ((result: FuzzResult) => void) | undefined;
}

export async function allTargets(): Promise<FuzzTarget[]> {
  return [...(await fileTargets()), ...messageTargets(), ...conversationTargets()];
}

/** Gives every reader its share of inputs. */
export async function runFuzz({ inputs, seed, only = '', onResult }: FuzzOptions): Promise<FuzzResult[]> {
  const all = await allTargets();
  const targets = all.filter(({ name }) => name.includes(only));
  const shares = targets.reduce((sum, { share }) => sum + share, 0);
  const results: FuzzResult[] = [];
  for (const target of targets) {
    const count = Math.max(10, Math.ceil((inputs * target.share) / shares));
    const result = await fuzzOne(target, count, seed);
    onResult?.(result);
    results.push(result);
  }
  for (const target of all) await target.close?.();
  return results;
}

async function fuzzOne(target: FuzzTarget, numRuns: number, seed: number): Promise<FuzzResult> {
  const startMs = performance.now();
  const beforeMb = process.memoryUsage.rss() / 2 ** 20;
  let [inputs, slowestMs] = [0, 0];
  const details = await fc.check(
    fc.asyncProperty(mutated(target.valid), async (input) => {
      inputs += 1;
      const beganMs = performance.now();
      await readOne(target, input);
      const tookMs = performance.now() - beganMs;
      slowestMs = Math.max(slowestMs, tookMs);
      if (tookMs > MAX_INPUT_MS) throw new Error(`${target.name} took ${Math.round(tookMs)} ms`);
    }),
    { numRuns, seed },
  );
  const { failed, counterexamplePath: path, errorInstance } = details;
  return {
    target: target.name,
    inputs,
    seconds: Math.round((performance.now() - startMs) / 100) / 10,
    slowestMs: Math.round(slowestMs * 10) / 10,
    grownMb: Math.round(process.memoryUsage.rss() / 2 ** 20 - beforeMb),
    failure: failed ? `seed ${seed}, path ${path ?? ''}: ${described(errorInstance)}` : undefined,
  };
}

function described(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `\n${error.cause.stack ?? ''}` : '';
  return `${error.message}${cause}`;
}
