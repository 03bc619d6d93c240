export { bothPrompts, type PromptSide } from './both-prompts.js';
export { type ChatForm, chatStates } from './chat-prompt.js';
export { cleanPrompt } from './clean-prompt.js';
export { clipEmbeds } from './clip-embeds.js';
export { encodeClipImage } from './clip-image.js';
export { clipImageStates } from './clip-image-states.js';
export { type ClipRequest, type ClipStates, encodeClip, hiddenState, short } from './clip-prompt.js';
export { hasControl } from './control.js';
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
export { finishPictures } from './finish-pictures.js';
export { fluxJob, type FluxStart } from './flux-job.js';
export { firstChannels } from './first-channels.js';
export { dynamicShift, evenSigmas } from './flow-shift.js';
export { defaultsOr, guidanceAbove1 } from './guidance.js';
export { mapFloats, scaleChannels, scaledNoise, unitLatents } from './latents.js';
export { guidanceEmbedding, guidanceEmbeddingSize } from './guidance-embedding.js';
export {
  beginIndex,
  type InpaintStart,
  inpaintStart,
  maskChannels,
  noisedPicture,
  pictureLatents,
  type ToLatents,
  withoutMasked,
} from './image-start.js';
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
export { packedStart, type PackedStartOptions } from './packed-start.js';
export { packPatches, unpackPatches } from './packing.js';
export { encodeT5, type T5Request, type T5States } from './t5-prompt.js';
export { sizeUnlessFixed, transformerSizes } from './transformer-size.js';
export { maskPlane, needed, picturePlanes, pictureSize, shrinkNearest } from './pictures.js';
export { concat, floatsOf, guidedRows, padLast, repeatRows, rowOf, zerosLike } from './tensor-rows.js';
export { nearestBin, type Size } from './size-bins.js';
export { centreLatents, channelSpread, framePictureLatents, spreadLatents } from './standard-latents.js';
export { startLatents, type StartOptions } from './start-latents.js';
export {
  givenMask,
  givenStates,
  guidedTokens,
  maskTokens,
  padTokens,
  sliceTokens,
  tokenMask,
} from './token-states.js';
export { inTiles, type TileEdges } from './tiles.js';
export { sizedByPicture, unetJob, type UnetJobOptions } from './unet-job.js';
export { fixedLatentSize, unetSizes } from './unet-size.js';
export {
  decodeOne,
  decodePictures,
  drawPosterior,
  encodePicture,
  latentChannels,
  type Posterior,
  scalingFactor,
  unscaleLatents,
  vaeScaleFactor,
} from './vae.js';
export { VAE_DECODER, VAE_ENCODER, vaePart } from './vae-part.js';
export { tileEdges, vaeWorkBytes, whyNoTiles } from './vae-tiling.js';
export { decodeVideos, type FrameCount, frameCount, framesOf, swapAxes, temporalScale } from './video.js';
export { type GivenFrames, videoCondition } from './video-condition.js';
export { type PromptChunk, promptChunks } from './prompt-chunks.js';
export { parseWeights, type WeightedText } from './weighted-prompt.js';
