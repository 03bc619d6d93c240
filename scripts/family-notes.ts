/** What a page says of a family beyond the registry: how it is exported and drawn, and what it was held against. */
interface FamilyNotes {
  /** Commands. */
  readonly exporting: readonly string[];
  /** What follows `asyncdiff generate`, for each thing that it draws. */
  readonly drawing: readonly string[];
  readonly sizes: string;
  readonly heldAgainst: string;
  readonly notes?: readonly string[];
}

const optimum = (model: string): string => `optimum-cli export onnx --model ${model} DIR`;
const script = (model: string, sizes: string): string =>
  `python scripts/export/export.py ${model} DIR ${sizes}`;

const OPEN =
  "The predictor's open axes: multiples of the VAE's factor (8), doubled for transformers on patches.";
/** Of models that draw in the sizes of diffusers' tables (`use_resolution_binning`). */
const BINNED =
  'The script fixes them: export a size of the table of diffusers for this model. The nearest of the table is drawn, and brought to the size asked for (`--use-resolution-binning no`: as asked for).';
const FIXED = 'The script fixes them: give the size that is to be drawn.';

/** By the names of `coordinator/pipeline/families/`; a test holds that each has an entry. */
export const FAMILY_NOTES: Readonly<Record<string, FamilyNotes>> = Object.freeze({
  'Stable Diffusion': {
    exporting: [optimum('stable-diffusion-v1-5/stable-diffusion-v1-5')],
    drawing: [
      '"a lighthouse" --model DIR',
      '"a lighthouse" --model DIR --image sketch.png --strength 0.7',
      '"a lighthouse" --model DIR --image photo.png --mask-image mask.png',
      '"a lighthouse" --model DIR --control-image edges.png',
    ],
    sizes: OPEN,
    heldAgainst:
      "recorded calls of Optimum's pipelines: text, image to image, inpainting with 9 channels, ControlNet (text); the bundled model",
    notes: [
      'ControlNet: Optimum exports none; `scripts/export/export.py MODEL DIR --controlnet CONTROLNET` does, and the predictor with the residuals as inputs. `[own]`: image to image, and inpainting with 4 channels, with and without it.',
    ],
  },
  'Stable Diffusion XL': {
    exporting: [optimum('stabilityai/stable-diffusion-xl-base-1.0'), optimum('stabilityai/sdxl-turbo')],
    drawing: [
      '"a lighthouse" --model DIR --negative-prompt "blurry"',
      '"a lighthouse" --model TURBO --num-inference-steps 2 --guidance-scale 0',
      '"a lighthouse" --model REFINER --image base.png --strength 0.3',
    ],
    sizes: OPEN,
    heldAgainst:
      'recorded calls of Optimum: text, Turbo, image to image; `[own]` refiner, inpainting with 4 and 9 channels, `--guidance-rescale`, sizes and crops of either half with `--clip-skip`. ControlNet from a text (ending early), image to image, inpainting. Lightning is the same pipeline with another scheduler config',
  },
  'Latent Consistency Model': {
    exporting: [optimum('SimianLuo/LCM_Dreamshaper_v7')],
    drawing: ['"a lighthouse" --model DIR', '"a lighthouse" --model DIR --image sketch.png --strength 0.8'],
    sizes: OPEN,
    heldAgainst:
      'a recorded call of Optimum: text; `[own]` image to image, which takes all its steps from the part of the distillation that `--strength` leaves',
  },
  'Stable Diffusion 3': {
    exporting: [optimum('stabilityai/stable-diffusion-3.5-medium')],
    drawing: [
      '"a lighthouse" --model DIR --max-sequence-length 256',
      '"a lighthouse" --model DIR --image photo.png --mask-image mask.png',
    ],
    sizes: OPEN,
    heldAgainst:
      "a recorded call of Optimum: text; `[own]` image to image, inpainting (which decodes without shift_factor, as diffusers' pipeline); a ControlNet from a text, with zeros and with the prompt as its pooled vectors",
    notes: [
      "ControlNet: `scripts/export/export.py MODEL DIR --controlnet CONTROLNET`. diffusers draws the control picture's latents from torch's global generator: a seed gives its picture after `torch.manual_seed` of the same seed. Those without text (SD 3.5 large's) are not exported.",
    ],
  },
  'FLUX.1': {
    exporting: [optimum('black-forest-labs/FLUX.1-schnell'), optimum('black-forest-labs/FLUX.1-dev')],
    drawing: [
      '"a lighthouse" --model SCHNELL --num-inference-steps 4',
      '"a lighthouse" --model DEV --guidance-scale 3.5',
      '"a lighthouse" --model DEV --negative-prompt "blurry" --true-cfg-scale 4',
      '"a lighthouse" --model DEV --image sketch.png --strength 0.6',
    ],
    sizes: OPEN,
    heldAgainst:
      'recorded calls of Optimum: schnell, dev; `[own]` image to image, inpainting, `--true-cfg-scale`',
  },
  'FLUX.1 Fill': {
    exporting: [script('black-forest-labs/FLUX.1-Fill-dev', '--height 1024 --width 1024 --tokens 512')],
    drawing: ['"a lighthouse" --model DIR --image photo.png --mask-image mask.png'],
    sizes: FIXED,
    heldAgainst: '`[own]` inpainting',
  },
  'FLUX.1 Depth and Canny': {
    exporting: [script('black-forest-labs/FLUX.1-Canny-dev', '--height 1024 --width 1024 --tokens 512')],
    drawing: ['"a lighthouse" --model DIR --control-image edges.png --guidance-scale 30'],
    sizes: FIXED,
    heldAgainst: '`[own]` text with a control picture',
    notes: ['The control picture (edges, depth) is given as it is: nothing is found in a photo.'],
  },
  'FLUX.1 Kontext': {
    exporting: [script('black-forest-labs/FLUX.1-Kontext-dev', '--height 1024 --width 1024 --tokens 512')],
    drawing: [
      '"make it night" --model DIR --image photo.png --guidance-scale 2.5',
      '"make it night" --model DIR --image photo.png --width 1248 --height 832',
    ],
    sizes:
      'Open. What is drawn has about 1024 x 1024 pixels (`--max-area`) in the proportions of `--width` and `--height`, whatever the picture is; the picture is read in the nearest of the sizes that the model was trained to read, as in diffusers.',
    heldAgainst: "`[own]` a picture with `--true-cfg-scale`, the VAE's encoder in ONNX Runtime on both sides",
    notes: ['Without a picture it draws from a text. `_auto_resize=False` and IP adapters are not known.'],
  },
  'FLUX.1 ControlNet': {
    exporting: [
      script(
        'black-forest-labs/FLUX.1-dev',
        '--height 1024 --width 1024 --tokens 512 --controlnet InstantX/FLUX.1-dev-Controlnet-Canny',
      ),
    ],
    drawing: [
      '"a lighthouse" --model DIR --control-image edges.png --controlnet-conditioning-scale 0.6 --guidance-scale 3.5',
      '"a lighthouse" --model UNION --control-image edges.png --control-mode 0',
    ],
    sizes: FIXED,
    heldAgainst:
      '`[own]` from a text, ending early, with `--true-cfg-scale` (the ControlNet then reads the prompt for both halves); a Union one with `--control-mode`',
    notes: [
      'One ControlNet, which reads the latents of its picture (InstantX, Shakker). One that reads pixels (XLabs) is `model_unsupported`; several, and those from a picture, are not known.',
    ],
  },
  'PixArt alpha': {
    exporting: [script('PixArt-alpha/PixArt-XL-2-1024-MS', '--height 1024 --width 1024 --tokens 120')],
    drawing: ['"a lighthouse" --model DIR'],
    sizes: BINNED,
    heldAgainst: 'a recorded call of diffusers; `[own]` drawn at 224 x 272 and brought to 200 x 250',
  },
  'PixArt sigma': {
    exporting: [script('PixArt-alpha/PixArt-Sigma-XL-2-1024-MS', '--height 1024 --width 1024 --tokens 300')],
    drawing: ['"a lighthouse" --model DIR'],
    sizes: BINNED,
    heldAgainst: '`[own]` text',
  },
  'Qwen-Image': {
    exporting: [script('Qwen/Qwen-Image', '--height 1328 --width 1328 --tokens 512')],
    drawing: [
      '"" --model DIR --prompt-embeds prompt.npy',
      '"" --model DIR --prompt-embeds prompt.npy --image sketch.png --strength 0.6',
      '"" --model DIR --prompt-embeds prompt.npy --image photo.png --mask-image mask.png',
    ],
    sizes: FIXED,
    heldAgainst:
      'a recorded call of diffusers; `[own]` text, image to image, inpainting; all from embeddings',
    notes: ['A text encoder in the folder was not run.', 'Layers and ControlNets are not known.'],
  },
  'Qwen-Image Edit': {
    exporting: [script('Qwen/Qwen-Image-Edit', '--height 1024 --width 1024 --tokens 1024')],
    drawing: [
      '"" --model DIR --image photo.png --prompt-embeds prompt.npy --negative-prompt-embeds negative.npy',
    ],
    sizes:
      'The script fixes them, for pictures of the proportions of `--height` and `--width`: a picture is read, and drawn, in about 1024 x 1024 pixels of its own proportions. One of others is `invalid_settings`.',
    heldAgainst: '`[own]` from embeddings, with guidance',
    notes: [
      'Its text encoder reads the picture too and is not run: the embeddings are those of `encode_prompt(prompt, image)`. `QwenImageEditPlusPipeline` (several pictures) is not known.',
    ],
  },
  'Z-Image': {
    exporting: [script('Tongyi-MAI/Z-Image-Turbo', '--height 1024 --width 1024 --tokens 512')],
    drawing: [
      '"" --model DIR --prompt-embeds prompt.npy --guidance-scale 0',
      '"" --model DIR --prompt-embeds prompt.npy --image sketch.png --strength 0.6',
      '"" --model DIR --prompt-embeds prompt.npy --image photo.png --mask-image mask.png',
    ],
    sizes: FIXED,
    heldAgainst:
      'a recorded call of diffusers without guidance; `[own]` text with guidance, image to image, inpainting; all from embeddings',
    notes: [
      'From texts too, `[own]`, with a tiny Qwen3 as text encoder. A predictor that the script exported takes prompts of exactly `--tokens` tokens, those of the chat around them included; another length is `invalid_input`.',
    ],
  },
  Wan: {
    exporting: [
      script('Wan-AI/Wan2.1-T2V-1.3B-Diffusers', '--height 480 --width 832 --frames 81 --tokens 512'),
    ],
    drawing: ['"waves" --model DIR --num-frames 81 --fps 16 --out waves.mp4'],
    sizes: FIXED,
    heldAgainst:
      'a recorded call of diffusers (UniPC); `[own]` two transformers (Wan 2.2), and with the flow-match Euler scheduler, whose timesteps are fractions: the script exports a float timestep, since an integer one drops them',
    notes: [
      "With two transformers (`transformer_2/model.onnx`, `boundary_ratio` in model_index.json) the second one draws from the first timestep under the boundary on: its plan, its workers' parts and its warm-up are its own, and a report has a stage for each.",
      'The small Wan 2.2 (5B), which has a timestep for each token, is drawn from texts, `[own]`; from a picture it is refused (`model_unsupported`).',
    ],
  },
  'Wan, picture to video': {
    exporting: [
      script('Wan-AI/Wan2.2-I2V-A14B-Diffusers', '--height 480 --width 832 --frames 81 --tokens 512'),
    ],
    drawing: [
      '"waves" --model DIR --image beach.png --num-frames 81 --out waves.mp4',
      '"waves" --model DIR --image beach.png --last-image evening.png --out waves.mp4',
    ],
    sizes: FIXED,
    heldAgainst:
      '`[own]` one transformer that reads the picture through its image encoder (Wan 2.1), and two without one with a last frame (Wan 2.2)',
    notes: ['Wan 2.1 takes prompts of 512 tokens only, as its class does.'],
  },
  'Stable Video Diffusion': {
    exporting: [
      script('stabilityai/stable-video-diffusion-img2vid-xt', '--height 576 --width 1024 --frames 25'),
    ],
    drawing: ['"" --model DIR --image photo.png --num-frames 25 --out video.webp'],
    sizes: FIXED,
    heldAgainst:
      'a recorded call of diffusers, its picture smaller than the 224 x 224 of the image encoder; `[own]`',
  },
  'Stable Audio': {
    exporting: [script('stabilityai/stable-audio-open-1.0', '--tokens 128')],
    drawing: ['"rain" --model DIR --audio-end-in-s 10 --out rain.wav'],
    sizes: 'Seconds, by `--audio-start-in-s` and `--audio-end-in-s`.',
    heldAgainst:
      'a recorded call of diffusers, from the embeddings; `[own]` from the texts, with `projection_model/model.onnx`',
  },
  'FLUX.2': {
    exporting: [script('black-forest-labs/FLUX.2-dev', '--height 1024 --width 1024 --tokens 512')],
    drawing: ['"" --model DIR --prompt-embeds prompt.npy'],
    sizes: FIXED,
    heldAgainst:
      "`[own]` dev and klein, from embeddings; klein from a text, with a tiny Qwen3. dev's text encoder is not read: give `--prompt-embeds`. No reference pictures",
  },
  AuraFlow: {
    exporting: [script('fal/AuraFlow-v0.3', '--height 1024 --width 1024 --tokens 256')],
    drawing: ['"a lighthouse" --model DIR'],
    sizes: FIXED,
    heldAgainst: '`[own]` text',
  },
  Sana: {
    exporting: [
      script('Efficient-Large-Model/Sana_1600M_1024px_diffusers', '--height 1024 --width 1024 --tokens 300'),
    ],
    drawing: ['"a lighthouse" --model DIR'],
    sizes: BINNED,
    heldAgainst: '`[own]` text',
  },
  'Sana Sprint': {
    exporting: [
      script(
        'Efficient-Large-Model/Sana_Sprint_1.6B_1024px_diffusers',
        '--height 1024 --width 1024 --tokens 300',
      ),
    ],
    drawing: ['"a lighthouse" --model DIR'],
    sizes: BINNED,
    heldAgainst: '`[own]` text',
    notes: [
      'Two steps: nothing is stale in them, and workers help by drawing several pictures at once. From a picture (`SanaSprintImg2ImgPipeline`) is not known.',
    ],
  },
  'Stable Diffusion x4 upscaler': {
    exporting: [script('stabilityai/stable-diffusion-x4-upscaler', '--height 128 --width 128 --tokens 77')],
    drawing: ['"a lighthouse" --model DIR --image small.png'],
    sizes: 'Four times those of the picture; the script fixes the small one.',
    heldAgainst: '`[own]`',
  },
  AnimateDiff: {
    exporting: [script('FOLDER', '--height 512 --width 512 --frames 16 --tokens 77')],
    drawing: ['"an apple" --model DIR --num-frames 16 --out apple.gif'],
    sizes: FIXED,
    heldAgainst: '`[own]`, without FreeNoise and FreeInit',
    notes: ['FOLDER: an AnimateDiffPipeline with its motion adapter, saved by `save_pretrained`.'],
  },
});
