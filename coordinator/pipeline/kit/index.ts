export { bothPrompts, type PromptSide } from './both-prompts.js';
export { chatStates } from './chat-prompt.js';
export { cleanPrompt } from './clean-prompt.js';
export { clipEmbeds } from './clip-embeds.js';
export { encodeClipImage } from './clip-image.js';
export { clipImageStates } from './clip-image-states.js';
export { encodeClip } from './clip-prompt.js';
export { hasControl, withControl } from './control.js';
export type {
  PipelineCall,
  PipelineDefaults,
  PipelineDescription,
  PipelineOutput,
  PipelineRun,
  PredictorJob,
  SecondPredictor,
  SizeRule,
  VideoShape,
} from './description.js';
export { finishPackedPictures, finishPictures } from './finish-pictures.js';
export { FLUX_ARGUMENTS, type FluxForm, fluxJob, type FluxStart, imageIds } from './flux-job.js';
export { firstChannels } from './first-channels.js';
export { dynamicShift, evenSigmas } from './flow-shift.js';
export { defaultsOr, guidanceAbove1 } from './guidance.js';
export { mapFloats, scaleChannels, scaledNoise, unitLatents } from './latents.js';
export { guidanceEmbedding, guidanceEmbeddingSize } from './guidance-embedding.js';
export { noisedPicture, pictureLatents, pictureMode, withoutMasked } from './image-start.js';
export { latentDims } from './latent-dims.js';
export {
  configFlag,
  configNumber,
  configNumbers,
  configSize,
  type ModelFolder,
  type ModelPart,
} from './model-folder.js';
export { GivenDraws, type NoiseDraws, SeededDraws } from './noise-draws.js';
export {
  fixedAxis,
  idsTensor,
  isOfText,
  type PartInfo,
  type RunPart,
  type Tokenize,
  type TokenizeOptions,
  type Tokens,
  type ValueInfo,
} from './parts.js';
export { packedStart } from './packed-start.js';
export { packPatches, unpackPatches } from './packing.js';
export { qwenImage, qwenImageJob } from './qwen-image-job.js';
export { encodeT5, type T5States } from './t5-prompt.js';
export { sizeUnlessFixed, transformerSizes } from './transformer-size.js';
export { maskPlane, needed, picturePlanes, pictureSize } from './pictures.js';
export { concat, floatsOf, guidedRows, padLast, repeatRows, rowOf, zerosLike } from './tensor-rows.js';
export { nearestBin, type Size } from './size-bins.js';
export { centreLatents, spreadLatents } from './standard-latents.js';
export { startLatents } from './start-latents.js';
export { givenMask, givenStates, guidedTokens, maskTokens, sliceTokens } from './token-states.js';
export { inTiles } from './tiles.js';
export { sizedByPicture, unetJob } from './unet-job.js';
export { fixedLatentSize, unetSizes } from './unet-size.js';
export {
  decodeOne,
  decodePictures,
  drawPosterior,
  encodePicture,
  latentChannels,
  scalingFactor,
  unscaleLatents,
  vaeScaleFactor,
} from './vae.js';
export { VAE_DECODER, vaePart } from './vae-part.js';
export { tileEdges, vaeWorkBytes, whyNoTiles } from './vae-tiling.js';
export { decodeVideos, frameCount, swapAxes, temporalScale } from './video.js';
export { videoCondition } from './video-condition.js';
export { promptChunks } from './prompt-chunks.js';
export { parseWeights } from './weighted-prompt.js';
