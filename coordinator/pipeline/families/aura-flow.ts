import type { Tensor } from '../../../common/tensor/index.js';
import {
  bothPrompts,
  configSize,
  defaultsOr,
  finishPictures,
  encodeT5,
  givenStates,
  guidanceAbove1,
  guidedRows,
  latentDims,
  maskTokens,
  type PipelineDescription,
  type PipelineRun,
  type PredictorJob,
  type PromptSide,
  scaledNoise,
  sizeUnlessFixed,
  transformerSizes,
  unitLatents,
} from '../kit/index.js';

const EDGE = 1024;
const MAX_SEQUENCE_LENGTH = 256;

/** AuraFlow: a T5 whose padding is zeros, a flow from noise at 1 to the picture at 0 on [B, 4, height/8, width/8]. */
export const pipelines: readonly PipelineDescription[] = [
  {
    name: 'AuraFlow',
    classNames: ['AuraFlowPipeline'],
    predictor: 'transformer',
    needs: ['text_encoder', 'tokenizer', 'vae_decoder'],
    takes: ['promptEmbeds', 'negativePromptEmbeds', 'maxSequenceLength', 'latents'],
    defaults: defaultsOr({ numInferenceSteps: 50, guidanceScale: 3.5 }),
    sizes: (model, partInfo) => {
      const patch = configSize(model.parts['transformer'], 'patch_size', 2);
      const rule = transformerSizes(model, partInfo, { patch });
      return sizeUnlessFixed(rule, { height: EDGE, width: EDGE });
    },
    begin,
    finish: finishPictures,
  },
];

async function begin(run: PipelineRun): Promise<PredictorJob> {
  const { call, numImages } = run;
  const guidance = guidanceAbove1(run);
  const maxLength = call.maxSequenceLength ?? MAX_SEQUENCE_LENGTH;
  const { positive, negative } = await bothPrompts<Tensor>(call, guidance !== undefined, (side, other) =>
    embeddings(run, side, other?.dims[1] ?? maxLength),
  );
  const sampler = run.sampler();
  return {
    sampler,
    timesteps: sampler.timesteps.map((timestep) => Math.fround(timestep / 1000)),
    latents: scaledNoise(unitLatents(run, latentDims(run)), sampler),
    conditioning: { encoder_hidden_states: guidedRows(negative, positive, numImages) },
    guidance,
  };
}

async function embeddings(
  run: PipelineRun,
  { text, what, embeds }: PromptSide,
  maxLength: number,
): Promise<Tensor> {
  if (embeds !== undefined) return givenStates(embeds);
  const request = { encoder: 'text_encoder', tokenizer: 'tokenizer', text, what, maxLength };
  const { states, mask } = await encodeT5(run, request);
  return maskTokens(states, mask);
}
