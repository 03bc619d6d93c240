import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeNpy } from '../../common/npy/index.js';
import { TorchGenerator } from '../../common/random/index.js';
import { float32, type Tensor } from '../../common/tensor/index.js';
import type { ModelProto, TensorProto } from '../../common/model-file/index.js';
import { tinyScheduler } from '../../scripts/chaos/tiny-model.js';
import { node, predictor, weight, writeModel } from './onnx-builder.js';

export const SMALL_SCHEDULER = tinyScheduler('DDIMScheduler');
/** The same noise schedule with another sampler. */
export const smallScheduler = tinyScheduler;

/** Cuts of {@link smallPredictor} into up to four components. */
export const SMALL_CUTS: readonly string[] = ['down1', 'middle', 'up1'];

/** Cuts of {@link smallPredictor} into this many components: a search for the best ones costs more than the run. */
export function smallCuts(
  components: number,
  shape: 'sequential' | 'u-shaped' = 'sequential',
): readonly string[] {
  const [first, middle, last] = SMALL_CUTS as [string, string, string];
  if (shape === 'sequential') return SMALL_CUTS.slice(0, components - 1);
  return components === 2 ? [first, last] : [first, middle, last];
}

export interface SmallPredictorOptions {
  /** A weight of the layer that makes `up1` is NaN. */
  readonly broken?: boolean;
  /** Height and width of the latents. Default 8. */
  readonly side?: number;
}

/**
 * A small U: [batch,4,8,8] latents through four layers down and four up, with skip connections, the timestep and the
 * context added on the way.
 */
export function smallPredictor({ broken = false, side = 8 }: SmallPredictorOptions = {}): ModelProto {
  const weights: TensorProto[] = [weight('in_w', [8, 4, 3, 3]), weight('wide', [4, 8])];
  const nodes = [node('Conv', ['sample', 'in_w'], ['stem'], { pads: [1, 1, 1, 1] })];
  const layer = (from: string, to: string, channelsIn: number): void => {
    weights.push(weight(`${to}_w`, [8, channelsIn, 3, 3]), weight(`${to}_b`, [8]));
    nodes.push(
      node('Conv', [from, `${to}_w`, `${to}_b`], [`${to}_conv`], { pads: [1, 1, 1, 1] }),
      node('Sigmoid', [`${to}_conv`], [`${to}_gate`]),
      node('Mul', [`${to}_conv`, `${to}_gate`], [`${to}_act`]),
      node('Add', [`${to}_act`, from === 'stem' || channelsIn === 8 ? from : `${to}_conv`], [to]),
    );
  };
  const twice = (name: string): string => {
    nodes.push(node('Concat', [name, name], [`${name}_2`], { axis: 1 }));
    return `${name}_2`;
  };
  layer('stem', 'down1', 8);
  nodes.push(node('Add', ['down1', twice('time')], ['down1_time']));
  layer('down1_time', 'down2', 8);
  nodes.push(node('Mul', ['down2', twice('context')], ['down2_context']));
  layer('down2_context', 'middle', 8);
  nodes.push(node('Concat', ['middle', 'down2'], ['up_in'], { axis: 1 }));
  layer('up_in', 'up1', 16);
  nodes.push(node('Concat', ['up1', 'down1'], ['up2_in'], { axis: 1 }));
  layer('up2_in', 'up2', 16);
  weights.push(weight('out_w', [4, 8, 3, 3]));
  nodes.push(node('Conv', ['up2', 'out_w'], ['out_conv'], { pads: [1, 1, 1, 1] }));
  nodes.push(node('Add', ['out_conv', 'sample'], ['out_sample']));
  const used = weights.filter(({ name }) => name !== 'wide');
  if (broken) breakWeight(used.find(({ name }) => name === 'up1_b') as TensorProto);
  return predictor(nodes, used, side);
}

function breakWeight(tensor: TensorProto): void {
  const data = new Float32Array((tensor.raw_data as Uint8Array).slice().buffer);
  data[0] = Number.NaN;
  tensor.raw_data = new Uint8Array(data.buffer);
}

/** Inputs for {@link smallPredictor}; with guidance the context has twice the batch. */
export function smallInputs(guided = false): { sample: Tensor; encoder_hidden_states: Tensor } {
  const batch = guided ? 2 : 1;
  return {
    sample: new TorchGenerator(1).randn([1, 4, 8, 8]),
    encoder_hidden_states: float32(new TorchGenerator(2).randn([batch, 5, 6]).data as Float32Array, [
      batch,
      5,
      6,
    ]),
  };
}

export interface SmallFiles {
  readonly model: string;
  readonly scheduler: string;
  readonly sample: string;
  readonly context: string;
  /** `--model ... --scheduler ... --input ... --input ...` */
  readonly flags: readonly string[];
}

/** Model, scheduler and inputs as files, for the command line. */
export async function writeSmallFiles(
  folder: string,
  options: SmallPredictorOptions & { readonly guided?: boolean } = {},
): Promise<SmallFiles> {
  const model = writeModel(smallPredictor(options), folder);
  const files = {
    model,
    scheduler: join(folder, 'scheduler_config.json'),
    sample: join(folder, 'sample.npy'),
    context: join(folder, 'context.npy'),
  };
  writeFileSync(files.scheduler, SMALL_SCHEDULER);
  const inputs = smallInputs(options.guided);
  await writeNpy(files.sample, inputs.sample);
  await writeNpy(files.context, inputs.encoder_hidden_states);
  const flags = [
    '--model',
    model,
    '--scheduler',
    files.scheduler,
    '--input',
    `sample=${files.sample}`,
    '--input',
    `encoder_hidden_states=${files.context}`,
  ];
  return { ...files, flags };
}
