import { type PipelineCall, type PipelineDescription, pictureSize, type Size } from './kit/index.js';

/** How far width over height may be off before somebody sees it. */
const TOLERATED = 0.02;

/**
 * What a user should know of a given picture that is drawn in other proportions than it has, because no size was asked for and the pipeline has a size of its
 * own (as diffusers' has); a list, empty where nothing is to be said.
 */
export async function stretchedPicture(
  call: PipelineCall,
  { sizedBy, readsPictureApart }: PipelineDescription,
  drawn: Size,
): Promise<string[]> {
  const [flag, picture] =
    call.image === undefined ? ['control-image', call.controlImage] : ['image', call.image];
  const isAsked = call.height !== undefined || call.width !== undefined;
  if (picture === undefined || isAsked || readsPictureApart === true || sizedBy?.(call) !== undefined)
    return [];
  const { width, height } = await pictureSize(picture);
  const change = (drawn.width / drawn.height) * (height / width);
  if (Math.abs(change - 1) <= TOLERATED) return [];
  return [
    `--${flag} is ${width}x${height} and is stretched to the ${drawn.width}x${drawn.height} that this pipeline draws: ask for its proportions with --width and --height`,
  ];
}
