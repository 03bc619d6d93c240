import { AsyncDiffError } from '../common/errors/index.js';
import { describeModel } from '../planner/model/index.js';

/** Undefined where the graph alone does not say which output is the prediction. */
export function tryDescribe(modelPath: string): ReturnType<typeof describeModel> | undefined {
  try {
    return describeModel(modelPath);
  } catch (error) {
    if (AsyncDiffError.from(error).code === 'model_unsupported') return undefined;
    throw error;
  }
}

/** What the file takes, as it declares it, in a line for people; empty where the graph alone does not say which output is the prediction. */
export function inputsLine(modelPath: string): string {
  const inputs = tryDescribe(modelPath)?.inputs ?? [];
  if (inputs.length === 0) return '';
  return `inputs: ${inputs.map(({ name, dtype, dims }) => `${name} ${dtype} [${dims.join(',')}]`).join(', ')}\n`;
}
