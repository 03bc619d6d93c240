import { AsyncDiffError } from '../../../common/errors/index.js';
import { float32, formatDims, type Tensor } from '../../../common/tensor/index.js';
import type { PipelineRun } from './description.js';
import { fixedAxis } from './parts.js';
import { concat, floatsOf, guidedRows, rowOf } from './tensor-rows.js';

/** Given embeddings as [1, tokens, hidden]; [tokens, hidden] is taken too, as pipelines that give a list of them have it. */
export function givenStates(states: Tensor): Tensor {
  if (states.dtype === 'float32' && states.dims.length === 3) return states;
  if (states.dtype === 'float32' && states.dims.length === 2) return { ...states, dims: [1, ...states.dims] };
  throw new AsyncDiffError(
    'invalid_input',
    `prompt_embeds are ${states.dtype} ${formatDims(states.dims)}, this pipeline takes float32 [1, tokens, hidden]`,
  );
}

/** A given mask of embeddings, int64 [1, tokens]; ones where none is given. */
export function givenMask(mask: Tensor | undefined, states: Tensor): Tensor {
  const tokens = states.dims[1] ?? 0;
  if (mask === undefined) return tokenMask(states, tokens);
  if (mask.data.length !== tokens)
    throw new AsyncDiffError(
      'invalid_input',
      `the mask is ${formatDims(mask.dims)} and the embeddings ${formatDims(states.dims)}`,
    );
  return {
    dtype: 'int64',
    dims: [1, tokens],
    data: BigInt64Array.from({ length: tokens }, (_, i) => (Number(mask.data[i]) > 0 ? 1n : 0n)),
  };
}

/** 1 for each token of the states, 0 up to `length`: int64 [1, length]. */
function tokenMask({ dims }: Tensor, length: number): Tensor {
  const tokens = dims[1] ?? 0;
  const data = BigInt64Array.from({ length }, (_, i) => (i < tokens ? 1n : 0n));
  return { dtype: 'int64', dims: [1, length], data };
}

/** States [1, tokens, hidden] with zeros behind them, up to `length` tokens. */
function padTokens(states: Tensor, length: number): Tensor {
  const [, tokens = 0, hidden = 0] = states.dims;
  if (tokens >= length) return states;
  const missing = length - tokens;
  return concat([states, float32(new Float32Array(missing * hidden), [1, missing, hidden])], 1);
}

/** The first tokens of states [1, tokens, hidden], from `first` on. */
export function sliceTokens(states: Tensor, first: number, end: number): Tensor {
  const [, tokens = 0, hidden = 0] = states.dims;
  const last = Math.min(tokens, end);
  const data = floatsOf(rowOf(states, 0)).slice(first * hidden, last * hidden);
  return float32(data, [1, Math.max(0, last - first), hidden]);
}

/** States whose rows behind the mask's tokens are zeros. */
export function maskTokens(states: Tensor, mask: Tensor): Tensor {
  const hidden = states.dims[2] ?? 1;
  const data = floatsOf(states).map((value, i) =>
    Number(mask.data[Math.floor(i / hidden)]) > 0 ? value : 0,
  );
  return float32(data, states.dims);
}

/**
 * Both prompts' states as one batch, and their masks; padded to the longer one, or to what the file takes.
 * @param maskInput the predictor's input that says which tokens count
 * Raises `invalid_input` where lengths differ, or are not the file's, and the file has no such input.
 */
export function guidedTokens(
  run: PipelineRun,
  negative: Tensor | undefined,
  positive: Tensor,
  maskInput: string | undefined,
): { readonly states: Tensor; readonly mask: Tensor } {
  const [own = 0, other = own] = [positive.dims[1], negative?.dims[1]];
  const { inputs } = run.predictor;
  const isMasked = inputs.some(({ name }) => name === maskInput);
  const fixed = fixedAxis(
    inputs.find(({ name }) => name === 'encoder_hidden_states'),
    1,
  );
  const longest = fixed ?? Math.max(own, other);
  if (Math.max(own, other) > longest || (!isMasked && Math.min(own, other) < longest && fixed !== undefined))
    throw new AsyncDiffError(
      'invalid_input',
      `the prompt has ${own} tokens${negative === undefined ? '' : ` and the negative prompt ${other}`}: this predictor's file takes ${isMasked ? 'up to' : 'exactly'} ${longest}`,
      {
        hint: `Export the predictor for as many tokens as the prompt has (--tokens), or give a prompt of ${longest}.`,
      },
    );
  if (own !== other && !isMasked)
    throw new AsyncDiffError(
      'invalid_input',
      `the prompt has ${own} tokens and the negative prompt ${other}: this file takes both at one length`,
      { hint: 'Give embeddings of the same length (--prompt-embeds, --negative-prompt-embeds).' },
    );
  const rows = (of: (states: Tensor) => Tensor): Tensor =>
    guidedRows(negative && of(negative), of(positive), run.numImages);
  return { states: rows((one) => padTokens(one, longest)), mask: rows((one) => tokenMask(one, longest)) };
}
