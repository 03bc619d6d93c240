import type { Tensor } from '../../../common/tensor/index.js';
import type { PartInfo, ValueInfo } from '../../../execution/index.js';

export type { PartInfo, ValueInfo };

/**
 * Runs one part of a pipeline (`text_encoder`, `vae_decoder`, ...) wherever it lives: tensors in, tensors out. Floats are float32 and whole
 * numbers int64 on both sides, whatever the file computes in; the executor casts. Inputs that the file does not have are left aside.
 * @param outputs those wanted; all where left out
 * @throws `model_unsupported` for a part that the folder lacks or an output that the file lacks, `invalid_input` for a missing input, `model_invalid`
 */
export type RunPart = (
  part: string,
  inputs: Readonly<Record<string, Tensor>>,
  outputs?: readonly string[],
) => Promise<Readonly<Record<string, Tensor>>>;

export interface TokenizeOptions {
  /** Tokens that come back, special ones included. Default: the tokenizer's own. */
  readonly maxLength?: number | undefined;
}

export interface Tokens {
  /** Exactly `maxLength`, padded. */
  readonly ids: readonly number[];
  /** 1 for tokens, 0 for padding. */
  readonly attentionMask: readonly number[];
  readonly maxLength: number;
  /** The end of the prompt that did not fit; undefined when all of it did. */
  readonly truncatedText: string | undefined;
}

export type Tokenize = (tokenizer: string, text: string, options?: TokenizeOptions) => Promise<Tokens>;

/** An axis that the file fixes; undefined where it is open. */
export function fixedAxis(info: ValueInfo | undefined, axis: number): number | undefined {
  const size = info?.dims.at(axis);
  return typeof size === 'number' && size > 0 ? size : undefined;
}

/** Token ids or a mask as a part takes them: int64 [1, length]. */
export function idsTensor(values: readonly number[]): Tensor {
  return { dtype: 'int64', dims: [1, values.length], data: BigInt64Array.from(values, BigInt) };
}

/** Text encoders and tokenizers. */
export function isOfText(part: string): boolean {
  return part.startsWith('text_encoder') || part.startsWith('tokenizer');
}
