import { AsyncDiffError } from '../../../common/errors/index.js';

/** A part of a model: a sub-folder with a `model.onnx`. */
export interface ModelPart {
  /** Absolute path of the ONNX file. */
  readonly path: string;
  /** Its config.json; empty where there is none (diffusers' own converter writes none). */
  readonly config: Readonly<Record<string, unknown>>;
  /** For messages: `unet/config.json`. */
  readonly configName: string;
}

/** A model folder as exporters lay it out. Plain data: it crosses threads. */
export interface ModelFolder {
  /** Absolute, links followed. */
  readonly path: string;
  /** `_class_name` of model_index.json, as it stands there. */
  readonly className: string;
  readonly index: Readonly<Record<string, unknown>>;
  readonly parts: Readonly<Record<string, ModelPart>>;
  /** Folders of tokenizers, by name (`tokenizer`, `tokenizer_2`). */
  readonly tokenizers: Readonly<Record<string, string>>;
  /** scheduler_config.json as it stands; empty where there is none. */
  readonly schedulerConfigText: string;
  /** scheduler_config.json of further schedulers, by folder (`low_res_scheduler`). */
  readonly otherSchedulers: Readonly<Record<string, string>>;
  /** generation_config.json: what this very model looks best with, in diffusers' words. */
  readonly generationConfig: Readonly<Record<string, unknown>>;
}

type Config = Pick<ModelPart, 'config' | 'configName'>;

/** A whole number of 1 or more from a config; `fallback` where the key is missing. Raises `model_invalid` for anything else. */
export function configSize(part: Config | undefined, key: string, fallback: number): number {
  const value = part?.config[key] ?? fallback;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1) return value;
  throw invalidKey(part, key, 'a whole number of 1 or more');
}

/** A number from a config; `fallback` where the key is missing or null. Raises `model_invalid` for anything else. */
export function configNumber(part: Config | undefined, key: string, fallback: number): number {
  const value = part?.config[key] ?? fallback;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw invalidKey(part, key, 'a number');
}

/** A number for each channel from a config; undefined where the key is missing or null. Raises `model_invalid` for anything else. */
export function configNumbers(part: Config | undefined, key: string): readonly number[] | undefined {
  const value = part?.config[key];
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value) && value.every((one) => typeof one === 'number')) return value;
  throw invalidKey(part, key, 'a list of numbers');
}

export function configFlag(
  config: Readonly<Record<string, unknown>>,
  key: string,
  fallback: boolean,
): boolean {
  const value = config[key];
  return typeof value === 'boolean' ? value : fallback;
}

function invalidKey(part: Config | undefined, key: string, what: string): AsyncDiffError {
  const given = JSON.stringify(part?.config[key]);
  return new AsyncDiffError(
    'model_invalid',
    `${part?.configName ?? 'config.json'}: ${key} is ${given}, not ${what}`,
  );
}
