import { AsyncDiffError } from '../../common/errors/index.js';
import { joinBatch, type Tensor } from '../../common/tensor/index.js';
import { OrtModel, type ValueInfo } from './ort-model.js';
import { type TokenizedPrompt, Tokenizer } from './tokenizer.js';

export interface EncodeOptions {
  /** 1 or less: no classifier-free guidance, and no unconditional half. */
  readonly guidanceScale: number;
  readonly numImagesPerPrompt: number;
}

export interface EncodedPrompt {
  /** Conditioning inputs of the noise predictor, by name: `encoder_hidden_states` [2B or B, tokens, hidden]. */
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** One sentence for each prompt that was cut. */
  readonly warnings: readonly string[];
}

const OUTPUT = 'last_hidden_state';

/** Prompts to conditioning: diffusers' `StableDiffusionPipeline.encode_prompt`. */
export class TextEncoder {
  readonly #tokenizer: Tokenizer;
  readonly #model: OrtModel;

  private constructor(tokenizer: Tokenizer, model: OrtModel) {
    this.#tokenizer = tokenizer;
    this.#model = model;
  }

  /**
   * Raises `model_invalid` when tokenizer and encoder do not fit together, `model_unsupported` when the encoder wants
   * more than token ids (and an attention mask).
   */
  static async open(
    modelPath: string,
    tokenizerFolder: string,
    options: { readonly threads: number; readonly maxPositionEmbeddings?: number | undefined },
  ): Promise<TextEncoder> {
    const tokenizer = await Tokenizer.open(tokenizerFolder, options.maxPositionEmbeddings);
    const model = await OrtModel.open(modelPath, options.threads);
    const other = model.inputs.find(({ name }) => name !== 'input_ids' && name !== 'attention_mask');
    if (other !== undefined || model.output(OUTPUT) === undefined) {
      const what = other === undefined ? `has no output ${OUTPUT}` : `takes ${other.name}`;
      throw new AsyncDiffError(
        'model_unsupported',
        `${modelPath} ${what}: not a text encoder of Stable Diffusion's kind`,
      );
    }
    const length = model.input('input_ids')?.dims[1];
    if (typeof length === 'number' && length > 0 && length !== tokenizer.maxLength) {
      throw new AsyncDiffError(
        'model_invalid',
        `${modelPath} takes ${length} tokens and the tokenizer gives ${tokenizer.maxLength}`,
      );
    }
    return new TextEncoder(tokenizer, model);
  }

  /**
   * For B images: rows [u0..uB-1, c0..cB-1] with guidance, [c0..cB-1] without, u being the negative prompt
   * (diffusers' order).
   */
  async encode(prompt: string, negativePrompt: string, options: EncodeOptions): Promise<EncodedPrompt> {
    const guided = options.guidanceScale > 1;
    const texts = guided ? [negativePrompt, prompt] : [prompt];
    const tokenized = texts.map((text) => this.#tokenizer.encode(text));
    const warnings = tokenized.flatMap(({ truncatedText }, i) =>
      truncatedText === undefined ? [] : [this.#warning(guided && i === 0, truncatedText)],
    );
    const rows: Tensor[] = [];
    for (const tokens of tokenized) {
      const row = await this.#model.run(this.#feeds(tokens), OUTPUT);
      for (let i = 0; i < options.numImagesPerPrompt; i += 1) rows.push(row);
    }
    return { inputs: { encoder_hidden_states: joinBatch(rows) }, warnings };
  }

  async close(): Promise<void> {
    await this.#model.close();
  }

  #feeds(tokens: TokenizedPrompt): Record<string, Tensor> {
    const rows: Readonly<Record<string, readonly number[]>> = {
      input_ids: tokens.ids,
      attention_mask: tokens.attentionMask,
    };
    return Object.fromEntries(
      this.#model.inputs.map((input) => [input.name, integers(input, rows[input.name] ?? [])]),
    );
  }

  #warning(negative: boolean, text: string): string {
    const which = negative ? 'negative prompt' : 'prompt';
    return `the ${which} is longer than the ${this.#tokenizer.maxLength} tokens that the text encoder takes; this part was cut: "${text}"`;
  }
}

function integers(input: ValueInfo, values: readonly number[]): Tensor {
  const dims = [1, values.length];
  return input.dtype === 'int32'
    ? { dtype: 'int32', dims, data: Int32Array.from(values) }
    : { dtype: 'int64', dims, data: BigInt64Array.from(values, BigInt) };
}
