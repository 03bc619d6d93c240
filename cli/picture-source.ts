import { basename } from 'node:path';
import { AsyncDiffError } from '../common/errors/index.js';
import { decodePng, readPngText } from '../common/image/index.js';
import { readWhole } from '../common/read-whole.js';

/** Keyword of the text of a PNG that its run is repeated from; `parameters`, beside it, is what other tools read. */
export const REPORT_KEYWORD = 'asyncdiff';

/** A picture that is to be drawn again. */
export interface PictureSource {
  readonly path: string;
  readonly png: Uint8Array;
  /** What its run is repeated from; undefined where the picture has only what follows. */
  readonly report: string | undefined;
  /** Under the keys of a report's `request`. */
  readonly request: Readonly<Record<string, unknown>>;
  /** Name of the model's folder. */
  readonly model: string | undefined;
}

const HINT =
  'Give a PNG as `asyncdiff generate` wrote it: other programs drop its texts, and other formats have none.';

/**
 * Reads what `--from` names: the text that asyncdiff's command line writes, or `parameters` alone (other tools, the library).
 * @throws AsyncDiffError `file_not_found`, `file_unreadable`; `replay_impossible` where it does not say how it was made
 */
export async function readPictureSource(path: string): Promise<PictureSource> {
  const png = await readFileOf(path);
  if (png[0] !== 0x89 || png.subarray(1, 4).toString('latin1') !== 'PNG')
    throw new AsyncDiffError('file_unreadable', `${path} is no PNG`, { hint: HINT });
  const texts = readPngText(png);
  const { parameters, [REPORT_KEYWORD]: report } = texts;
  if (parameters === undefined && report === undefined)
    throw new AsyncDiffError(
      'replay_impossible',
      `${path} does not say how it was made: it has no text "parameters"`,
      {
        hint: HINT,
      },
    );
  const { model, request } =
    parameters === undefined ? { model: undefined, request: {} } : parse(parameters, path);
  return { path, png, report, request, model };
}

/**
 * Holds the model that is there against the picture's.
 * @param folder of the model, on whatever host it is
 * @throws AsyncDiffError `replay_impossible`
 */
export function checkModel({ path, model }: PictureSource, folder: string): void {
  // As pictureText writes it.
  const here = basename(folder.replaceAll('\\', '/')).replaceAll(',', ' ');
  if (model === undefined || model === here) return;
  throw new AsyncDiffError(
    'replay_impossible',
    `${path} was drawn by the model ${model}, and the one here is ${here}`,
    {
      hint: 'Give the folder of that model with --model, or a coordinator that has it.',
    },
  );
}

/** Whether one of the pictures has the pixels of the source. */
export async function isAmong({ png }: PictureSource, pictures: readonly Uint8Array[]): Promise<boolean> {
  const { data } = await decodePng(png);
  for (const picture of pictures) {
    const drawn = await decodePng(picture);
    if (Buffer.from(drawn.data).equals(Buffer.from(data))) return true;
  }
  return false;
}

/** The prompt, a negative prompt, and a last line of settings, as AUTOMATIC1111's web UI writes them. */
function parse(parameters: string, path: string): Pick<PictureSource, 'request' | 'model'> {
  const lines = parameters.trimEnd().split('\n');
  const last = lines.at(-1) ?? '';
  if (!/^Steps: \d+(,|$)/u.test(last))
    throw new AsyncDiffError(
      'replay_impossible',
      `the text "parameters" of ${path} has no line of settings`,
      {
        hint: HINT,
      },
    );
  const fields = new Map(
    last.split(', ').map((field) => {
      const at = field.indexOf(': ');
      return [field.slice(0, at), field.slice(at + 2)] as const;
    }),
  );
  if (fields.has('Denoising strength'))
    throw new AsyncDiffError(
      'replay_impossible',
      `${path} was drawn from another picture, which it does not hold`,
      {
        hint: 'Give its prompt and that picture: generate PROMPT --image FILE.',
      },
    );
  const texts = lines.slice(0, -1);
  const at = texts.findIndex((line) => line.startsWith('Negative prompt: '));
  const prompt = (at < 0 ? texts : texts.slice(0, at)).join('\n');
  const negative = at < 0 ? undefined : texts.slice(at).join('\n').slice('Negative prompt: '.length);
  const number = (name: string): number | undefined => {
    const text = fields.get(name);
    if (text === undefined) return undefined;
    if (Number.isFinite(Number(text))) return Number(text);
    throw new AsyncDiffError('replay_impossible', `${path} has ${name}: ${text}, which is no number`, {
      hint: HINT,
    });
  };
  const [width, height] = (fields.get('Size') ?? '').split('x').map(Number);
  const clipSkip = number('Clip skip');
  const request = {
    prompt,
    negative_prompt: negative,
    num_inference_steps: number('Steps'),
    guidance_scale: number('CFG scale'),
    seed: number('Seed'),
    width: width || undefined,
    height: height || undefined,
    scheduler: fields.get('Sampler'),
    arguments: {
      ...(clipSkip === undefined || clipSkip < 2 ? {} : { clip_skip: clipSkip - 1 }),
      ...(fields.has('Prompt weighting') ? { prompt_weighting: true } : {}),
    },
  };
  return { request, model: fields.get('Model') };
}

async function readFileOf(path: string): Promise<Buffer> {
  try {
    return await readWhole(path);
  } catch (cause) {
    if (cause instanceof AsyncDiffError) throw cause;
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new AsyncDiffError(
      missing ? 'file_not_found' : 'file_unreadable',
      missing ? `there is no file ${path}` : `cannot read ${path}: ${String(cause)}`,
      { cause },
    );
  }
}
