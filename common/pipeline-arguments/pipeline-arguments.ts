import type { Tensor } from '../tensor/index.js';

/** What a value of an argument is; on the wire it is a field of `PipelineArgument`, on the command line a flag. */
type ArgumentKind = 'number' | 'whole' | 'flag' | 'text' | 'numbers' | 'picture' | 'tensor';

export interface ArgumentRow<K extends ArgumentKind = ArgumentKind> {
  readonly kind: K;
  readonly help: string;
  /** Smallest and largest value of a number, or of each of several. */
  readonly min: number;
  readonly max: number;
}

const row = <K extends ArgumentKind>(
  kind: K,
  help: string,
  min = Number.NEGATIVE_INFINITY,
  max = Number.POSITIVE_INFINITY,
): ArgumentRow<K> => Object.freeze({ kind, help, min, max });

/**
 * The arguments of pipelines beyond those that nearly all have, under diffusers' names (`clipSkip` is its `clip_skip`). A pipeline says
 * which of them it takes. Command-line flags, their reference and the wire form follow from this table.
 */
export const PIPELINE_ARGUMENTS = Object.freeze({
  prompt2: row('text', 'prompt for the second text encoder (default: the prompt)'),
  prompt3: row('text', 'prompt for the third text encoder (default: the prompt)'),
  negativePrompt2: row('text', 'negative prompt for the second text encoder (default: the negative prompt)'),
  negativePrompt3: row('text', 'negative prompt for the third text encoder (default: the negative prompt)'),
  promptWeighting: row(
    'flag',
    'read (word:1.3), [word] and BREAK, and long prompts in chunks, as web front ends do (default: no)',
  ),
  clipSkip: row('whole', 'last layers of the CLIP text encoder to leave out', 0, 64),
  maxSequenceLength: row('whole', 'tokens of a T5 prompt', 1, 4096),
  promptEmbeds: row('tensor', 'embeddings in place of the prompt, .npy [1, tokens, hidden]'),
  negativePromptEmbeds: row('tensor', 'embeddings in place of the negative prompt, .npy'),
  pooledPromptEmbeds: row('tensor', 'pooled embeddings of the prompt, .npy [1, hidden]'),
  negativePooledPromptEmbeds: row('tensor', 'pooled embeddings of the negative prompt, .npy'),
  promptAttentionMask: row('tensor', 'which of the given embeddings count, .npy [1, tokens] of 1 and 0'),
  negativePromptAttentionMask: row('tensor', 'which of the given negative embeddings count, .npy'),
  latents: row(
    'tensor',
    'initial latents, .npy, unit noise as diffusers takes it; the seed is then for other noise only',
  ),
  complexHumanInstruction: row('text', 'Sana: text before the prompt that tells its text encoder what to do'),
  useResolutionBinning: row(
    'flag',
    'PixArt, Sana: draw in the nearest size that the model was trained on, and bring the picture to the size asked for (default: yes)',
  ),
  image: row('picture', 'picture to begin from'),
  lastImage: row('picture', 'Wan, picture to video: the last frame'),
  imageEmbeds: row('tensor', 'embeddings in place of the picture, .npy [1, tokens, hidden]'),
  maskImage: row('picture', 'what to draw anew: white; what to keep: black'),
  noiseLevel: row('whole', 'x4 upscaler: noise added to the picture', 0, 999),
  strength: row('number', 'how much of the picture is drawn anew, 0 to 1', 0, 1),
  controlImage: row('picture', "picture for the model's ControlNet"),
  controlMode: row(
    'whole',
    "FLUX.1 ControlNet Union: which of the ControlNet's kinds of picture is given",
    0,
    64,
  ),
  controlnetConditioningScale: row('number', 'weight of the ControlNet', 0, 10),
  controlGuidanceStart: row('number', 'share of the steps before the ControlNet begins', 0, 1),
  controlGuidanceEnd: row('number', 'share of the steps after which the ControlNet ends', 0, 1),
  guidanceRescale: row('number', 'rescaling of the guided prediction (arXiv 2305.08891, section 3.4)', 0, 1),
  guidanceScale2: row(
    'number',
    'Wan 2.2: guidance of the second transformer (default: that of the first)',
    0,
    100,
  ),
  trueCfgScale: row('number', 'classifier-free guidance of models whose guidance scale is an input', 0, 100),
  maxArea: row(
    'whole',
    'FLUX.1 Kontext: pixels of the picture that is drawn, in the proportions asked for (default: 1048576)',
    1024,
    16_777_216,
  ),
  originalSize: row('numbers', 'SDXL: height and width that the picture is said to come from', 1),
  targetSize: row('numbers', 'SDXL: height and width that the picture is said to have', 1),
  cropsCoordsTopLeft: row('numbers', 'SDXL: top and left of the crop that the picture is said to be', 0),
  negativeOriginalSize: row('numbers', 'SDXL: the same as --original-size for the unconditional half', 1),
  negativeTargetSize: row('numbers', 'SDXL: the same as --target-size for the unconditional half', 1),
  negativeCropsCoordsTopLeft: row(
    'numbers',
    'SDXL: the same as --crops-coords-top-left for the unconditional half',
    0,
  ),
  aestheticScore: row('number', 'SDXL refiner: aesthetic score of the prompt', 0, 10),
  negativeAestheticScore: row('number', 'SDXL refiner: aesthetic score of the negative prompt', 0, 10),
  numFrames: row('whole', 'frames of a video', 1, 1024),
  fps: row('whole', 'frames a second of a video', 1, 240),
  decodeChunkSize: row('whole', 'frames that the VAE decodes at a time (default: all)', 1, 1024),
  motionBucketId: row('whole', 'Stable Video Diffusion: amount of motion', 0, 255),
  noiseAugStrength: row('number', 'Stable Video Diffusion: noise added to the picture', 0, 1),
  minGuidanceScale: row('number', 'Stable Video Diffusion: guidance of the first frame', 0, 100),
  maxGuidanceScale: row('number', 'Stable Video Diffusion: guidance of the last frame', 0, 100),
  audioStartInS: row('number', 'Stable Audio: where the audio begins, seconds', 0, 512),
  audioEndInS: row('number', 'Stable Audio: where the audio ends, seconds', 0, 512),
} satisfies Record<string, ArgumentRow>);

export type ArgumentName = keyof typeof PIPELINE_ARGUMENTS;

export const ARGUMENT_NAMES: readonly ArgumentName[] = Object.freeze(
  Object.keys(PIPELINE_ARGUMENTS) as ArgumentName[],
);

/** `clipSkip` as diffusers and the wire have it: `clip_skip`. */
export function snakeName(name: string): string {
  return name.replace(/[A-Z]|\d+/g, (part) => `_${part.toLowerCase()}`);
}

/** `clipSkip` as a flag: `clip-skip`. */
export function kebabName(name: string): string {
  return snakeName(name).replaceAll('_', '-');
}

type ValueOf<K extends ArgumentKind> = K extends 'number' | 'whole'
  ? number
  : K extends 'flag'
    ? boolean
    : K extends 'text'
      ? string
      : K extends 'numbers'
        ? readonly number[]
        : K extends 'picture'
          ? Uint8Array
          : Tensor;

/** Arguments that were given. Pictures are the bytes of a PNG, JPEG or WebP file. */
export type PipelineArguments = {
  readonly [N in ArgumentName]?: ValueOf<(typeof PIPELINE_ARGUMENTS)[N]['kind']> | undefined;
};
