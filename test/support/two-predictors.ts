import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ModelProto } from '../../common/model-file/index.js';
import { TorchGenerator } from '../../common/random/index.js';
import type { PipelineCall } from '../../coordinator/pipeline/index.js';
import { integers, node, scalar, value, weight, writeModel } from './onnx-builder.js';

const FLOAT = 1;
const LATENTS = [4, 2, 8, 8] as const;
const VIDEO = [1, 3, 5, 16, 16] as const;
const TEXT = [1, 5, 4] as const;
const STEPS = 8;

/** Four residual convolutions on [1, 4, 2, 8, 8], with the timestep and the text added; `name` decides the weights. */
function transformer(name: string): ModelProto {
  const layers = ['one', 'two', 'three', 'four'];
  const shape = [1, ...LATENTS];
  return {
    ir_version: 8,
    opset_import: [{ domain: '', version: 18 }],
    producer_name: 'test',
    graph: {
      name: 'transformer',
      node: [
        node('Mul', ['timestep', 'time_scale'], ['time_scaled']),
        node('Sin', ['time_scaled'], ['time']),
        node('ReduceMean', ['encoder_hidden_states', 'axis_1'], ['text_mean'], { keepdims: 0 }),
        node('Unsqueeze', ['text_mean', 'axes_234'], ['text']),
        node('Add', ['hidden_states', 'time'], ['timed']),
        node('Add', ['timed', 'text'], ['zero']),
        ...layers.flatMap((layer, at) => {
          const from = layers[at - 1] ?? 'zero';
          return [
            node('Conv', [from, `${name}/${layer}`], [`${layer}_conv`], { pads: [1, 1, 1, 1, 1, 1] }),
            node('Tanh', [`${layer}_conv`], [`${layer}_tanh`]),
            node('Add', [`${layer}_tanh`, from], [at === layers.length - 1 ? 'out_hidden_states' : layer]),
          ];
        }),
      ],
      initializer: [
        scalar('time_scale', 0.01),
        integers('axis_1', [1]),
        integers('axes_234', [2, 3, 4]),
        ...layers.map((layer) => weight(`${name}/${layer}`, [4, 4, 3, 3, 3])),
      ],
      input: [
        value('hidden_states', shape),
        value('timestep', [1], FLOAT),
        value('encoder_hidden_states', [...TEXT]),
      ],
      output: [value('out_hidden_states', shape)],
    },
  };
}

/** Three of the four channels, made larger. */
function decoder(): ModelProto {
  return {
    ir_version: 8,
    opset_import: [{ domain: '', version: 18 }],
    producer_name: 'test',
    graph: {
      name: 'decoder',
      node: [
        node('Slice', ['latent_sample', 'first', 'end', 'channels'], ['colours']),
        node('Resize', ['colours', '', '', 'sizes'], ['larger']),
        node('Tanh', ['larger'], ['sample']),
      ],
      initializer: [
        integers('first', [0]),
        integers('end', [3]),
        integers('channels', [1]),
        integers('sizes', [...VIDEO]),
      ],
      input: [value('latent_sample', [1, ...LATENTS])],
      output: [value('sample', [...VIDEO])],
    },
  };
}

/**
 * A folder as Wan 2.2's: two predictors, the second one below timestep 875, and a sampler whose history goes over from one to the other. Returns what a run of it takes.
 */
export function writeTwoPredictors(folder: string) {
  const part = (name: string, model: ModelProto, config: object): void => {
    mkdirSync(join(folder, name), { recursive: true });
    writeModel(model, join(folder, name));
    writeFileSync(join(folder, name, 'config.json'), JSON.stringify(config));
  };
  const config = { patch_size: [1, 2, 2], in_channels: 4, out_channels: 4, text_dim: 4 };
  part('transformer', transformer('high'), config);
  part('transformer_2', transformer('low'), config);
  const spread = { latents_mean: [0, 0, 0, 0], latents_std: [1, 1, 1, 1] };
  part('vae_decoder', decoder(), { z_dim: 4, temperal_downsample: [true, true], ...spread });
  mkdirSync(join(folder, 'scheduler'), { recursive: true });
  writeFileSync(
    join(folder, 'scheduler/scheduler_config.json'),
    JSON.stringify({
      _class_name: 'UniPCMultistepScheduler',
      prediction_type: 'flow_prediction',
      use_flow_sigmas: true,
      flow_shift: 5,
    }),
  );
  writeFileSync(
    join(folder, 'model_index.json'),
    JSON.stringify({ _class_name: 'WanPipeline', boundary_ratio: 0.875 }),
  );
  const promptEmbeds = new TorchGenerator(3).randn([...TEXT]);
  const call: PipelineCall = {
    prompt: '',
    promptEmbeds,
    numInferenceSteps: STEPS,
    guidanceScale: 1,
    seed: 5,
  };
  return {
    name: 'two-predictors',
    model: folder,
    json: { steps: STEPS, seed_of_generator: 5 },
    call: () => Promise.resolve(call),
    promptEmbeds,
  };
}
