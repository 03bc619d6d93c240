import { AsyncDiffError } from '../../common/errors/index.js';
import { type ModelProto, writesOf } from '../../common/model-file/index.js';
import type { CarriedState } from '../../program/index.js';
import type { SinglePass } from '../search/index.js';
import { type DeclaredValue, declaredValues, opsetOf, type PredictorDescription } from './inputs.js';

/** How a model is used, as far as cutting it goes: what its inputs are for, and what is wanted of it. */
export interface GraphRoles {
  readonly inputs: readonly DeclaredValue[];
  /** What the symbols of the others follow from, where they differ. */
  readonly sample: DeclaredValue | undefined;
  readonly timestep: DeclaredValue | undefined;
  /** The noise prediction; of a single-pass model, the output that is made last. */
  readonly output: string;
  /** All values that are wanted. */
  readonly outputs: readonly string[];
  readonly singlePass?: SinglePass | undefined;
  readonly opset: number;
}

/** A single-pass model as a job uses it. Plain data: it crosses threads and is part of a plan's key. */
export interface SinglePassUse {
  /** Graph inputs that are given for each item; the others, but for states, are given once. */
  readonly inputs: readonly string[];
  /** States, by the graph's names of what is read and what is made. */
  readonly states: readonly CarriedState[];
}

/** A noise predictor's roles. */
export function predictorRoles({
  inputs,
  sample,
  timestep,
  output,
  opset,
}: PredictorDescription): GraphRoles {
  return { inputs, sample, timestep, output: output.name, outputs: [output.name], opset };
}

/**
 * A single-pass model's roles: every output is wanted.
 * @throws AsyncDiffError `model_unsupported` for one without outputs, `invalid_input` for names that it does not have, or states that do not fit
 */
export function singlePassRoles(model: ModelProto, { inputs: given, states }: SinglePassUse): GraphRoles {
  const { inputs, outputs } = declaredValues(model);
  const isInput = (name: string): boolean => inputs.some((input) => input.name === name);
  for (const name of given) if (!isInput(name)) throw unknown('input', name, inputs);
  for (const state of states) checkState(state, inputs, outputs);
  const carried = new Set(states.map(({ value }) => value));
  const all = outputs.map(({ name }) => name);
  if (all.every((name) => carried.has(name)))
    throw new AsyncDiffError(
      'model_unsupported',
      'all outputs of the model are states: a run would give nothing',
    );
  const made = (model.graph?.node ?? []).flatMap(writesOf);
  const last = made.findLast((name) => all.includes(name));
  if (last === undefined)
    throw new AsyncDiffError('model_unsupported', 'the model has no output that a node makes');
  return {
    inputs,
    sample: undefined,
    timestep: undefined,
    output: last,
    outputs: all,
    singlePass: { inputs: given, outputs: all.filter((name) => !carried.has(name)), states },
    opset: opsetOf(model),
  };
}

function checkState(
  { input, value }: CarriedState,
  inputs: readonly DeclaredValue[],
  outputs: readonly DeclaredValue[],
): void {
  const [read, made] = [
    inputs.find(({ name }) => name === input),
    outputs.find(({ name }) => name === value),
  ];
  if (read === undefined) throw unknown('input', input, inputs);
  if (made === undefined) throw unknown('output', value, outputs);
  if (read.dtype === made.dtype) return;
  throw new AsyncDiffError(
    'invalid_input',
    `the state ${input} is ${read.dtype}, the output ${value} is ${made.dtype}: it cannot be fed with it`,
    { hint: `Name the output whose type and shape are those of ${input}: --state OUTPUT=${input}.` },
  );
}

function unknown(kind: 'input' | 'output', name: string, values: readonly DeclaredValue[]): AsyncDiffError {
  const names = values.map((value) => value.name).join(', ') || 'none';
  return new AsyncDiffError('invalid_input', `the model has no ${kind} ${name}; it has ${names}`);
}
