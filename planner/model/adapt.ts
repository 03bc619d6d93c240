import { AsyncDiffError } from '../../common/errors/index.js';
import {
  type GraphProto,
  int64,
  type ModelFile,
  type ModelProto,
  type ValueInfoProto,
} from '../../common/model-file/index.js';
import { type JointLatents, packLatents } from './joint-latents.js';
import { ADAPT_PREFIX, adaptNode, addAtOutput, renameReads } from './adapt-graph.js';
import { type ControlGraph, mergeControl } from './merge-control.js';
import { predictTrigFlow, type TrigFlow } from './trig-flow.js';
import { loadWidened } from './widen-bfloat16.js';

/**
 * What is done to a predictor's graph before it is cut, so that what is left is a predictor like any other: latents and conditioning in, a
 * prediction of the latents' shape out. Plain data: it crosses threads and is part of a plan's key.
 */
export interface PredictorAdaptation {
  /** The model's latent input is joined from the latents and these further inputs, in this order, along the channels. */
  readonly append?: readonly AppendedInput[] | undefined;
  /** A ControlNet, which becomes a part of the predictor. */
  readonly control?: ControlGraph | undefined;
  /** Several latents, packed into one; nothing else is then done to the graph. */
  readonly joint?: JointLatents | undefined;
  /** The model's latent input, where `append` is given. */
  readonly latentInput?: string | undefined;
  /** Axis of the channels; 1 unless set (2 for video U-Nets, [batch, frames, channels, ...]). */
  readonly axis?: number | undefined;
  /** The prediction is multiplied by -1. */
  readonly negate?: boolean | undefined;
  /** The model takes a timestep for each token: shape of that input, which becomes one timestep for all of them. */
  readonly spreadTimestep?: { readonly name: string; readonly dims: readonly number[] } | undefined;
  /** The model predicts flow and its sampler wants the velocity of TrigFlow: see {@link TrigFlow}. */
  readonly trigFlow?: TrigFlow | undefined;
  /** Channels of the prediction that are kept, from the first: models that predict a variance too have twice the latents'. */
  readonly keepChannels?: number | undefined;
}

interface AppendedInput {
  readonly name: string;
  readonly channels: number;
}

/** A predictor's file with its adaptation applied. Throws as `loadModelFile` does, and `model_unsupported` where the two do not fit. */
export function loadAdapted(modelPath: string, adaptation: PredictorAdaptation | undefined): ModelFile {
  const own = loadWidened(modelPath);
  const control = adaptation?.control;
  const file = control === undefined ? own : mergeControl(own, loadWidened(control.modelPath), control);
  adaptPredictor(file.model, adaptation);
  return file;
}

/**
 * Applies what an adaptation does to the predictor's own graph, in place.
 * @throws AsyncDiffError `model_unsupported` where the model's channels do not fit it
 */
export function adaptPredictor(model: ModelProto, adaptation: PredictorAdaptation | undefined): void {
  const { graph } = model;
  if (adaptation === undefined || !graph) return;
  if (adaptation.joint !== undefined) packLatents(graph, adaptation.joint);
  if (adaptation.append !== undefined && adaptation.latentInput !== undefined)
    appendInputs(graph, adaptation.append, adaptation.latentInput, adaptation.axis ?? 1);
  if (adaptation.spreadTimestep !== undefined) spreadTimestep(graph, adaptation.spreadTimestep);
  if (adaptation.keepChannels !== undefined) cutOutput(graph, adaptation.keepChannels, adaptation.axis ?? 1);
  if (adaptation.trigFlow !== undefined) predictTrigFlow(graph, adaptation.trigFlow);
  if (adaptation.negate === true)
    addAtOutput(graph, 'negated', (input, output) => [adaptNode('Neg', [input], output)]);
}

function appendInputs(graph: GraphProto, append: readonly AppendedInput[], name: string, axis: number): void {
  const input = graph.input?.find((one) => one.name === name);
  const type = input?.type?.tensor_type;
  const dims = type?.shape?.dim;
  if (input === undefined || type === undefined || type === null || dims?.[axis] === undefined)
    throw new AsyncDiffError(
      'model_unsupported',
      `the model has no latent input ${name} with channels on axis ${axis}`,
    );
  // An open axis has a name in place of a size.
  const declared = dims[axis].dim_param ? undefined : dims[axis].dim_value;
  const added = append.reduce((sum, { channels }) => sum + channels, 0);
  const whole = declared === undefined ? undefined : int64(declared);
  if (whole !== undefined && whole <= added)
    throw new AsyncDiffError(
      'model_unsupported',
      `${name} takes ${whole} channels, ${added} would be beside the latents`,
    );
  const withChannels = (of: string, channels: number | undefined): ValueInfoProto => ({
    name: of,
    type: {
      tensor_type: {
        ...type,
        // The name of an open axis is that of all of it, which other inputs may share.
        shape: { dim: dims.with(axis, channels === undefined ? {} : { dim_value: channels }) },
      },
    },
  });
  const joined = `${ADAPT_PREFIX}joined`;
  for (const reader of graph.node ?? []) renameReads(reader, name, joined);
  graph.input = (graph.input ?? []).flatMap((one) =>
    one === input
      ? [
          withChannels(name, whole === undefined ? undefined : whole - added),
          ...append.map((extra) => withChannels(extra.name, extra.channels)),
        ]
      : [one],
  );
  const concat = adaptNode('Concat', [name, ...append.map((extra) => extra.name)], joined);
  concat.attribute = [{ name: 'axis', type: 2, i: axis }];
  graph.node = [concat, ...(graph.node ?? [])];
}

function spreadTimestep(
  graph: GraphProto,
  { name, dims }: NonNullable<PredictorAdaptation['spreadTimestep']>,
): void {
  const type = graph.input?.find((one) => one.name === name)?.type?.tensor_type;
  if (type === undefined || type === null || type.shape?.dim?.length !== dims.length)
    throw new AsyncDiffError(
      'model_unsupported',
      `the model has no input ${name} of rank ${dims.length}: a timestep for each token`,
    );
  const [spread, shape] = [`${ADAPT_PREFIX}spread.${name}`, `${ADAPT_PREFIX}shape.${name}`];
  for (const reader of graph.node ?? []) renameReads(reader, name, spread);
  graph.initializer = [
    ...(graph.initializer ?? []),
    { name: shape, dims: [dims.length], data_type: 7, int64_data: [...dims] },
  ];
  graph.node = [adaptNode('Expand', [name, shape], spread), ...(graph.node ?? [])];
  type.shape = { dim: [{ dim_value: 1 }] };
}

function cutOutput(graph: GraphProto, channels: number, axis: number): void {
  const constant = (of: string, value: number): string => {
    const name = `${ADAPT_PREFIX}${of}`;
    graph.initializer = [
      ...(graph.initializer ?? []),
      { name, dims: [1], data_type: 7, int64_data: [value] },
    ];
    return name;
  };
  const range = [constant('first', 0), constant('end', channels), constant('axis', axis)];
  addAtOutput(graph, 'whole', (input, output) => [adaptNode('Slice', [input, ...range], output)]);
  const dims = graph.output?.[0]?.type?.tensor_type?.shape?.dim;
  if (dims?.[axis] !== undefined) dims[axis] = { dim_value: channels };
}
