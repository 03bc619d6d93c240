import { AsyncDiffError } from '../../common/errors/index.js';
import type { Tensor } from '../../common/tensor/index.js';
import { PartModel } from '../../execution/index.js';
import { describeInputs, exportWhole, readWeight, type WholeModel } from '../../planner/index.js';
import { missingPart } from './json-file.js';
import {
  fixedAxis,
  isOfText,
  type ModelFolder,
  type PartInfo,
  type TokenizeOptions,
  type Tokens,
} from './kit/index.js';
import type { PartThreadData } from './thread-messages.js';
import { Tokenizer } from './tokenizer.js';

/** Parts that exporters write and no picture needs. */
const UNUSED: ReadonlySet<string> = new Set(['safety_checker']);

/** The parts of a model folder. Tokenizers are opened at once, sessions when they are first used. */
export class OpenParts {
  readonly #data: PartThreadData;
  readonly #folder: ModelFolder;
  readonly #models = new Map<string, PartModel>();
  readonly #tokenizers = new Map<string, Tokenizer>();

  constructor(data: PartThreadData) {
    this.#data = data;
    this.#folder = data.folder;
  }

  /** Raises `model_not_found` for a part that is needed and not there, `model_invalid` for one that cannot be opened. */
  async open(): Promise<Record<string, PartInfo>> {
    const { needs, predictor } = this.#data;
    const infos: Record<string, PartInfo> = {};
    for (const name of needs) {
      if (this.#isLeftOut(name)) continue;
      if (name.startsWith('tokenizer')) this.#tokenizer(name);
      else infos[name] = describeInputs(this.#part(name).path);
    }
    for (const name of needs)
      if (name.startsWith('tokenizer') && !this.#isLeftOut(name)) this.#checkLength(name, infos);
    for (const [name, { path }] of Object.entries(this.#folder.parts))
      if (name === predictor || !UNUSED.has(name)) infos[name] ??= describeInputs(path);
    return infos;
  }

  async run(
    part: string,
    inputs: Readonly<Record<string, Tensor>>,
    outputs: readonly string[] | undefined,
  ): Promise<Record<string, Tensor>> {
    return await (await this.#model(part)).run(inputs, outputs);
  }

  /** The graph and tensors of a part, by content. */
  async export(part: string): Promise<WholeModel> {
    return await exportWhole(this.#part(part).path, this.#data.workDir);
  }

  tokenize(tokenizer: string, text: string, options: TokenizeOptions | undefined): Tokens {
    return this.#tokenizer(tokenizer).encode(text, options);
  }

  weight(part: string, suffix: string): Tensor | undefined {
    const path = this.#folder.parts[part]?.path;
    return path === undefined ? undefined : readWeight(path, suffix);
  }

  async close(): Promise<void> {
    for (const model of this.#models.values()) await model.close();
    this.#models.clear();
  }

  async #model(name: string): Promise<PartModel> {
    const opened = this.#models.get(name);
    if (opened !== undefined) return opened;
    const part = this.#part(name);
    const model = await PartModel.open(part.path, part.path, { threads: this.#data.threads });
    this.#models.set(name, model);
    return model;
  }

  #part(name: string): ModelFolder['parts'][string] {
    const part = this.#folder.parts[name];
    if (part === undefined) throw missingPart(this.#folder.path, `${name}/model.onnx`);
    return part;
  }

  /** Whether a part for texts is not in the folder: embeddings may be given in its place. */
  #isLeftOut(name: string): boolean {
    const { parts, tokenizers } = this.#folder;
    return isOfText(name) && parts[name] === undefined && tokenizers[name] === undefined;
  }

  /** Raises `model_invalid` where a CLIP encoder takes another number of tokens than its tokenizer gives. */
  #checkLength(name: string, infos: Readonly<Record<string, PartInfo>>): void {
    const encoder = name.replace('tokenizer', 'text_encoder');
    const ids = infos[encoder]?.inputs.find((input) => input.name === 'input_ids');
    const length = fixedAxis(ids, 1);
    // Others are given as many tokens as their file takes.
    const kind = this.#folder.parts[encoder]?.config['model_type'];
    if (typeof kind === 'string' && !kind.startsWith('clip')) return;
    const { maxLength } = this.#tokenizer(name);
    if (length === undefined || length === maxLength) return;
    throw new AsyncDiffError(
      'model_invalid',
      `${this.#folder.parts[encoder]?.path} takes ${length} tokens and the tokenizer gives ${maxLength}`,
    );
  }

  #tokenizer(name: string): Tokenizer {
    const opened = this.#tokenizers.get(name);
    if (opened !== undefined) return opened;
    const folder = this.#folder.tokenizers[name];
    if (folder === undefined) throw missingPart(this.#folder.path, `${name}/`);
    const encoder = this.#folder.parts[name.replace('tokenizer', 'text_encoder')];
    const positions = encoder?.config['max_position_embeddings'];
    const tokenizer = Tokenizer.open(folder, typeof positions === 'number' ? positions : undefined);
    this.#tokenizers.set(name, tokenizer);
    return tokenizer;
  }
}
