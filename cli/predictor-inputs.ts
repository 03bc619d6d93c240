import { AsyncDiffError } from '../common/errors/index.js';
import type { Tensor } from '../common/tensor/index.js';
import { takeLatents, timestepGiven } from '../execution/index.js';
import { describeModel, type InputShapes } from '../planner/model/index.js';

/** Undefined where the graph alone does not say which output is the prediction. */
export function tryDescribe(modelPath: string): ReturnType<typeof describeModel> | undefined {
  try {
    return describeModel(modelPath);
  } catch (error) {
    if (AsyncDiffError.from(error).code === 'model_unsupported') return undefined;
    throw error;
  }
}

/** What the file takes, as it declares it, in a line for people; none where the graph alone does not say which output is the prediction. */
export function inputsLine(modelPath: string): string[] {
  const inputs = tryDescribe(modelPath)?.inputs ?? [];
  if (inputs.length === 0) return [];
  return [
    `inputs: ${inputs.map(({ name, dtype, dims }) => `${name} ${dtype} [${dims.join(',')}]`).join(', ')}`,
  ];
}

/**
 * Holds what is given against what the file takes, before workers are started for it. A coordinator that has a model of its own knows better
 * where the graph alone does not say.
 * @throws AsyncDiffError `invalid_input` naming what is missing, `file_not_found`
 */
export function checkInputs(modelPath: string, given: Readonly<Record<string, Tensor>>): void {
  const predictor = tryDescribe(modelPath);
  if (predictor === undefined) return;
  const { conditioning } = takeLatents(given, predictor.sample.name);
  const known = predictor.conditioning.map(({ name }) => name);
  const unknown = Object.keys(conditioning).find((name) => !known.includes(name));
  if (unknown !== undefined && unknown === predictor.timestep.name) throw timestepGiven(unknown);
  if (unknown !== undefined)
    throw new AsyncDiffError(
      'invalid_input',
      `the model has no input ${unknown}; besides latents and timestep it has ${known.join(', ') || 'none'}`,
    );
  const missing = predictor.conditioning.filter(({ name }) => conditioning[name] === undefined);
  if (missing.length === 0) return;
  const names = missing.map(({ name, dtype, dims }) => `${name} ${dtype} [${dims.join(',')}]`).join(', ');
  throw new AsyncDiffError('invalid_input', `the model also takes ${names}`, {
    hint: missing.map(({ name }) => `--input ${name}=${name}.npy`).join(' '),
  });
}

/** `--input-shape NAME=1,2,3`, as often as it was given. Throws `usage`. */
export function parseShapes(given: readonly string[]): InputShapes {
  return Object.fromEntries(
    given.map((text) => {
      const [, name, list] = /^([^=]+)=(\d+(?:,\d+)*)$/.exec(text) ?? [];
      if (name === undefined || list === undefined)
        throw new AsyncDiffError('usage', `--input-shape takes NAME=1,2,3, not "${text}"`);
      return [name, list.split(',').map(Number)];
    }),
  );
}
