import { AsyncDiffError } from '../../common/errors/index.js';
import { checked, checkLimit, JOB_SETTINGS } from '../../common/settings/index.js';
import { ARGUMENT_NAMES, kebabName, snakeName } from '../../common/pipeline-arguments/index.js';
import {
  type PipelineCall,
  type PipelineDefaults,
  type PipelineDescription,
  type PipelineRun,
  nearestBin,
  pictureSize,
  type Size,
  type SizeRule,
} from './kit/index.js';

/** What a call comes to with the defaults filled in. */
export type CheckedCall = Pick<
  PipelineRun,
  'height' | 'width' | 'outputSize' | 'numImages' | 'numInferenceSteps' | 'guidanceScale'
>;

/** A call with its defaults filled in. Raises `invalid_settings` for what this pipeline does not take, or not so. */
export async function checkCall(
  call: PipelineCall,
  { name, takes, sizedBy, sizeFor, fitSize }: PipelineDescription,
  sizes: SizeRule,
  defaults: PipelineDefaults,
  binEdge: number | undefined,
): Promise<CheckedCall> {
  const stranger = ARGUMENT_NAMES.find(
    (argument) => call[argument] !== undefined && !takes.includes(argument),
  );
  if (stranger !== undefined) {
    throw new AsyncDiffError('invalid_settings', `${name} takes no --${kebabName(stranger)}`, {
      hint: `It takes: ${takes.map((argument) => `--${kebabName(argument)}`).join(', ')}.`,
    });
  }
  for (const argument of [
    'prompt',
    'negativePrompt',
    'prompt2',
    'negativePrompt2',
    'prompt3',
    'negativePrompt3',
  ] as const)
    checkLimit('promptLength', call[argument]?.length ?? 0, snakeName(argument));
  const numImages = checked(
    'numImagesPerPrompt',
    JOB_SETTINGS.numImagesPerPrompt,
    call.numImagesPerPrompt ?? 1,
  );
  const own = await ownSize(sizedBy?.(call), sizes, sizeFor);
  const given = { height: call.height ?? own.height, width: call.width ?? own.width };
  const asked = sizes.fixed ? given : (fitSize?.(given, call, sizes) ?? given);
  const { height, width } = drawnSize(
    asked,
    sizes,
    call.useResolutionBinning === false ? undefined : binEdge,
  );
  checkLimit('jobPixels', height * width * numImages, 'height x width x num_images_per_prompt');
  return {
    height,
    width,
    outputSize: height === asked.height && width === asked.width ? undefined : asked,
    numImages,
    numInferenceSteps: call.numInferenceSteps ?? defaults.numInferenceSteps,
    guidanceScale: call.guidanceScale ?? defaults.guidanceScale,
  };
}

/** The size of a given picture, rounded down to what the model takes; the model's own without one. */
async function ownSize(
  picture: Uint8Array | undefined,
  sizes: SizeRule,
  sizeFor: PipelineDescription['sizeFor'],
): Promise<Size> {
  if (picture === undefined || sizes.fixed) return sizes;
  const size = await pictureSize(picture);
  const { width, height } = sizeFor?.(size) ?? size;
  const down = (pixels: number): number =>
    Math.max(sizes.multipleOf, Math.floor(pixels / sizes.multipleOf) * sizes.multipleOf);
  return { width: down(width), height: down(height) };
}

/** The size that is drawn for what was asked for: the nearest that the model was trained on, where it draws in such. Raises `invalid_settings`. */
function drawnSize(asked: Size, sizes: SizeRule, binEdge: number | undefined): Size {
  const isSize = [asked.height, asked.width].every((pixels) => Number.isInteger(pixels) && pixels > 0);
  if (binEdge !== undefined && isSize) {
    const bin = nearestBin(binEdge, asked);
    // A file of a fixed size may have been made for another than those.
    if (!sizes.fixed || (bin.height === sizes.height && bin.width === sizes.width)) return bin;
  }
  checkSize(asked.width, asked.height, sizes);
  return asked;
}

/** Raises `invalid_settings` for a size that the model cannot draw, naming the nearest that it can. */
function checkSize(width: number, height: number, { multipleOf, fixed, ...own }: SizeRule): void {
  if (fixed) {
    if (height === own.height && width === own.width) return;
    throw new AsyncDiffError(
      'invalid_settings',
      `${width}x${height} was asked for, and this model draws ${own.width}x${own.height} only`,
    );
  }
  const near = (pixels: number): number => Math.max(multipleOf, Math.round(pixels / multipleOf) * multipleOf);
  if (width > 0 && height > 0 && near(width) === width && near(height) === height) return;
  throw new AsyncDiffError(
    'invalid_settings',
    `${width}x${height} was asked for, and this model's height and width are multiples of ${multipleOf}: the nearest is ${near(width)}x${near(height)}`,
    { hint: `Ask for --width ${near(width)} --height ${near(height)}.` },
  );
}
