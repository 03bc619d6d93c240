/** What a page says of a family beyond the registry: how it is exported and drawn, and what it was held against. */
export interface FamilyNotes {
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
      "ControlNet: `controlnet/model.onnx` by torch.onnx.export of diffusers' class, and a predictor that was exported with the residuals as inputs; image to image and inpainting with it were not run.",
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
      'recorded calls of Optimum: text, Turbo, image to image; `[own]` refiner, inpainting with 4 and 9 channels, `--guidance-rescale`, sizes and crops of either half with `--clip-skip`. Lightning is the same pipeline with another scheduler config; ControlNet was not run',
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
      "a recorded call of Optimum: text; `[own]` image to image, inpainting (which decodes without shift_factor, as diffusers' pipeline)",
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
  'PixArt alpha': {
    exporting: [script('PixArt-alpha/PixArt-XL-2-1024-MS', '--height 1024 --width 1024 --tokens 120')],
    drawing: ['"a lighthouse" --model DIR'],
    sizes: `${FIXED} They are drawn as asked for, without diffusers' resolution binning.`,
    heldAgainst: 'a recorded call of diffusers',
  },
  'PixArt sigma': {
    exporting: [script('PixArt-alpha/PixArt-Sigma-XL-2-1024-MS', '--height 1024 --width 1024 --tokens 300')],
    drawing: ['"a lighthouse" --model DIR'],
    sizes: `${FIXED} They are drawn as asked for, without diffusers' resolution binning.`,
    heldAgainst: '`[own]` text',
  },
  'Qwen-Image': {
    exporting: [script('Qwen/Qwen-Image', '--height 1328 --width 1328 --tokens 512')],
    drawing: ['"" --model DIR --prompt-embeds prompt.npy'],
    sizes: FIXED,
    heldAgainst: 'a recorded call of diffusers, and `[own]` text, both from embeddings',
    notes: [
      'A text encoder in the folder was not run.',
      'Image to image, inpainting and editing are not known.',
    ],
  },
  'Z-Image': {
    exporting: [script('Tongyi-MAI/Z-Image-Turbo', '--height 1024 --width 1024 --tokens 512')],
    drawing: [
      '"" --model DIR --prompt-embeds prompt.npy --guidance-scale 0',
      '"" --model DIR --prompt-embeds prompt.npy --image sketch.png --strength 0.6',
    ],
    sizes: FIXED,
    heldAgainst:
      'a recorded call of diffusers without guidance; `[own]` text with guidance, image to image; all from embeddings',
    notes: ['A text encoder in the folder was not run.'],
  },
  Wan: {
    exporting: [
      script('Wan-AI/Wan2.1-T2V-1.3B-Diffusers', '--height 480 --width 832 --frames 81 --tokens 512'),
    ],
    drawing: ['"waves" --model DIR --num-frames 81 --fps 16 --out waves.mp4'],
    sizes: FIXED,
    heldAgainst:
      'a recorded call of diffusers (UniPC); `[own]` with the flow-match Euler scheduler, whose timesteps are fractions: the script exports a float timestep, since an integer one drops them',
    notes: [
      'Wan 2.2, which has two transformers or a timestep for each token, is refused (`model_unsupported`), as is image to video (`WanImageToVideoPipeline` is not known).',
    ],
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
      'a recorded call of diffusers, from the embeddings; `projection_model/model.onnx` and the branch of the export script were not run',
  },
  'FLUX.2': {
    exporting: [script('black-forest-labs/FLUX.2-dev', '--height 1024 --width 1024 --tokens 512')],
    drawing: ['"" --model DIR --prompt-embeds prompt.npy'],
    sizes: FIXED,
    heldAgainst:
      "`[own]` dev and klein, from embeddings. klein's text encoder was not run, dev's is not read: give `--prompt-embeds`. No reference pictures",
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
    sizes: `${FIXED} They are drawn as asked for, without diffusers' resolution binning.`,
    heldAgainst: '`[own]` text',
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
