import { AsyncDiffError } from '../common/errors/index.js';
import type { Tensor } from '../common/tensor/index.js';
import type { PipelineArgument } from './gen/asyncdiff/v1/PipelineArgument.js';
import type { PipelineArgument__Output } from './gen/asyncdiff/v1/PipelineArgument.js';
import {
  ARGUMENT_NAMES,
  type ArgumentName,
  type ArgumentRow,
  PIPELINE_ARGUMENTS,
  type PipelineArguments,
  snakeName,
} from '../common/pipeline-arguments/index.js';
import { fromTensorMessage, toTensorMessage } from './tensor-message.js';

type Value = NonNullable<PipelineArguments[ArgumentName]>;

/** Given arguments under their names on the wire (`clip_skip`). */
export function toArgumentMessages(given: PipelineArguments): Record<string, PipelineArgument> {
  const messages: Record<string, PipelineArgument> = {};
  for (const name of ARGUMENT_NAMES) {
    const value = given[name];
    if (value !== undefined) messages[snakeName(name)] = toMessage(PIPELINE_ARGUMENTS[name].kind, value);
  }
  return messages;
}

/** Throws `invalid_settings` for a name that does not exist, a value of another kind, or one out of bounds. */
export function fromArgumentMessages(
  messages: Readonly<Record<string, PipelineArgument__Output>>,
): PipelineArguments {
  const names = new Map(ARGUMENT_NAMES.map((name) => [snakeName(name), name]));
  return Object.fromEntries(
    Object.entries(messages).map(([wireName, message]) => {
      const name = names.get(wireName);
      if (name === undefined)
        throw new AsyncDiffError('invalid_settings', `there is no argument ${JSON.stringify(wireName)}`, {
          hint: 'docs/reference/models.md lists the arguments of each pipeline.',
        });
      const value = fromMessage(PIPELINE_ARGUMENTS[name], message, wireName);
      checkBounds(PIPELINE_ARGUMENTS[name], value, wireName);
      return [name, value];
    }),
  );
}

function toMessage(kind: ArgumentRow['kind'], value: Value): PipelineArgument {
  switch (kind) {
    case 'number':
    case 'whole':
      return { number: value as number };
    case 'flag':
      return { flag: value as unknown as boolean };
    case 'text':
      return { text: value as string };
    case 'numbers':
      return { numbers: { values: [...(value as readonly number[])] } };
    case 'picture':
      return { file: Buffer.from(value as Uint8Array) };
    case 'tensor':
      return { tensor: toTensorMessage(value as Tensor) };
    default:
      return kind satisfies never;
  }
}

function fromMessage({ kind }: ArgumentRow, message: PipelineArgument__Output, name: string): Value {
  const { number, flag, text, numbers, file, tensor } = message;
  const value =
    kind === 'number' || kind === 'whole'
      ? number
      : kind === 'flag'
        ? flag
        : kind === 'text'
          ? text
          : kind === 'numbers'
            ? numbers?.values
            : kind === 'picture'
              ? file
              : tensor;
  if (value === undefined || value === null)
    throw new AsyncDiffError('invalid_settings', `${name} must be a ${kind}`);
  return kind === 'tensor' ? fromTensorMessage(tensor, name) : (value as Value);
}

function checkBounds({ kind, min, max }: ArgumentRow, value: Value, name: string): void {
  const values = kind === 'numbers' ? (value as readonly number[]) : [value];
  for (const one of values) {
    if (typeof one !== 'number') return;
    const isWhole = kind !== 'whole' || Number.isInteger(one);
    if (isWhole && one >= min && one <= max) continue;
    const what = kind === 'whole' ? 'a whole number' : 'a number';
    throw new AsyncDiffError(
      'invalid_settings',
      `${name} is ${one}, it must be ${what} from ${min} to ${max}`,
    );
  }
}
