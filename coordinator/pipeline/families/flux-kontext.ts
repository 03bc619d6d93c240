import { float32 } from '../../../common/tensor/index.js';
import {
  defaultsOr,
  finishPackedPictures,
  FLUX_ARGUMENTS,
  type FluxForm,
  fluxJob,
  type FluxStart,
  imageIds,
  packedStart,
  packPatches,
  pictureMode,
  picturePlanes,
  pictureSize,
  type PipelineDescription,
  type PipelineRun,
  repeatRows,
  type Size,
  type SizeRule,
  transformerSizes,
  vaeScaleFactor,
} from '../kit/index.js';

/** Input of the predictor that the given picture becomes: tokens behind those that are drawn. */
const BEHIND = 'given_tokens';
const MAX_AREA = 1024 ** 2;
/** Width and height that the model was trained to read (`PREFERRED_KONTEXT_RESOLUTIONS`), and with the two changed about. */
const READ_SIZES: readonly (readonly [number, number])[] = [
  [672, 1568],
  [688, 1504],
  [720, 1456],
  [752, 1392],
  [800, 1328],
  [832, 1248],
  [880, 1184],
  [944, 1104],
  [1024, 1024],
];

/** FLUX.1 Kontext: edits a picture, which the transformer reads as further tokens; without one it draws from a text. */
export const pipelines: readonly PipelineDescription[] = [
  {
    name: 'FLUX.1 Kontext',
    classNames: ['FluxKontextPipeline'],
    predictor: 'transformer',
    needs: ['text_encoder', 'text_encoder_2', 'tokenizer', 'tokenizer_2', 'vae_encoder', 'vae_decoder'],
    takes: [...FLUX_ARGUMENTS, 'image', 'maxArea'],
    defaults: defaultsOr({ numInferenceSteps: 28, guidanceScale: 3.5 }),
    sizes: transformerSizes,
    fitSize,
    readsPictureApart: true,
    begin: (run) => fluxJob(run, (form) => begin(run, form)),
    finish: finishPackedPictures,
  },
];

/** Of the proportions asked for, as many pixels as the model draws. */
function fitSize(
  { width, height }: Size,
  { maxArea = MAX_AREA }: { readonly maxArea?: number | undefined },
  { multipleOf }: SizeRule,
): Size {
  const ratio = width / height;
  const down = (edge: number): number => Math.floor(Math.round(edge) / multipleOf) * multipleOf;
  return { width: down(Math.sqrt(maxArea * ratio)), height: down(Math.sqrt(maxArea / ratio)) };
}

async function begin(run: PipelineRun, form: FluxForm): Promise<FluxStart> {
  const { image } = run.call;
  // The picture is read as it is: nothing of it is drawn over.
  const plain = { ...run, call: { ...run.call, image: undefined } };
  if (image === undefined) return await packedStart(plain, { ...form, strength: 1 });
  const scale = vaeScaleFactor(run.model, run.partInfo) * 2;
  const size = await pictureSize(image);
  // diffusers looks at whole tokens.
  const down = (pixels: number): number => Math.max(scale, Math.floor(pixels / scale) * scale);
  const [width, height] = readSize(down(size.width) / down(size.height));
  const [columns, rows] = [Math.floor(width / scale), Math.floor(height / scale)];
  const planes = await picturePlanes(image, columns * scale, rows * scale);
  const read = packPatches(await pictureMode(run, planes));
  return {
    ...(await packedStart(plain, { ...form, strength: 1 })),
    conditioning: { [BEHIND]: repeatRows(float32(read.data as Float32Array, read.dims), form.rows) },
    furtherIds: imageIds(rows, columns, 1),
    adaptation: {
      latentInput: 'hidden_states',
      axis: 1,
      append: [{ name: BEHIND, channels: rows * columns }],
      keepChannels: form.tokens,
    },
  };
}

/** Width and height of those nearest in proportions, the narrower of two. */
function readSize(ratio: number): readonly [number, number] {
  const turned = READ_SIZES.map(([a, b]) => [b, a] as const).toReversed();
  const off = ([width, height]: readonly [number, number]): number => Math.abs(ratio - width / height);
  return [...READ_SIZES, ...turned].reduce((best, next) => (off(next) < off(best) ? next : best));
}
