import { AsyncDiffError } from '../../../common/errors/index.js';
import { float32, type Tensor } from '../../../common/tensor/index.js';
import {
  concat,
  configNumber,
  configNumbers,
  configSize,
  decodeOne,
  defaultsOr,
  encodeT5,
  fixedAxis,
  floatsOf,
  givenStates,
  guidanceAbove1,
  guidedRows,
  maskTokens,
  type PipelineDescription,
  type PipelineOutput,
  type PipelineRun,
  type PredictorJob,
  rowOf,
  scaledNoise,
  sliceTokens,
  unitLatents,
  vaePart,
  zerosLike,
} from '../kit/index.js';

const PROJECTION = 'projection_model';
const THETA = 10_000;

/** Stable Audio: a T5 and the sound's beginning and end as conditioning, a transformer on [B, channels, length], a waveform of two channels. */
export const pipelines: readonly PipelineDescription[] = [
  {
    name: 'Stable Audio',
    classNames: ['StableAudioPipeline'],
    predictor: 'transformer',
    needsNoiseScale: true,
    needs: ['text_encoder', 'tokenizer', 'vae_decoder'],
    takes: ['promptEmbeds', 'negativePromptEmbeds', 'latents', 'audioStartInS', 'audioEndInS'],
    defaults: defaultsOr({ numInferenceSteps: 100, guidanceScale: 7 }),
    sizes: () => ({ height: 0, width: 0, multipleOf: 1, fixed: true }),
    begin,
    finish,
  },
];

async function begin(run: PipelineRun): Promise<PredictorJob> {
  const { call, numImages, model } = run;
  span(run);
  const guidance = guidanceAbove1(run);
  const hasNegative = call.negativePrompt !== undefined || call.negativePromptEmbeds !== undefined;
  const positive = await embeddings(run, call.prompt, 'prompt', call.promptEmbeds);
  const negative = !hasNegative
    ? zerosLike(positive)
    : await embeddings(run, call.negativePrompt ?? '', 'negative prompt', call.negativePromptEmbeds);
  const isGuided = guidance !== undefined;
  const duration = durationStates(positive);
  const transformer = model.parts['transformer'];
  const length = latentLength(run);
  const sampler = run.sampler();
  const dims = [numImages, configSize(transformer, 'in_channels', 64), length];
  const half = Math.floor(configSize(transformer, 'attention_head_dim', 64) / 2);
  return {
    sampler,
    latents: scaledNoise(unitLatents(run, dims), sampler),
    conditioning: {
      encoder_hidden_states: guidedRows(isGuided ? negative : undefined, positive, numImages),
      // The duration is the same in both halves, also where the rest of the unconditional one is zeros.
      global_hidden_states: guidedRows(isGuided ? duration : undefined, duration, numImages),
      // One place more than the latents: the global states are a token.
      rotary_embedding_cos: rotary(length + 1, half, Math.cos),
      rotary_embedding_sin: rotary(length + 1, half, Math.sin),
    },
    guidance,
  };
}

async function finish(run: PipelineRun, latents: Tensor): Promise<PipelineOutput> {
  const { from, to, rate } = span(run);
  const [start, end] = [Math.trunc(from * rate), Math.trunc(to * rate)];
  const audio = [];
  for (let row = 0; row < (latents.dims[0] ?? 0); row += 1) {
    const wave = await decodeOne(run, rowOf(latents, row));
    const [, channels = 1, samples = 0] = wave.dims;
    const values = floatsOf(wave);
    const last = Math.min(samples, end);
    audio.push({
      rate,
      channels: Array.from({ length: channels }, (_, channel) =>
        values.slice(channel * samples + start, channel * samples + Math.max(start, last)),
      ),
    });
  }
  return { pictures: [], audio };
}

interface Span {
  /** Seconds. */
  readonly from: number;
  readonly to: number;
  /** Samples a second. */
  readonly rate: number;
}

/** What of the sound is wanted. Raises `invalid_settings` for more than the model makes. */
function span(run: PipelineRun): Span {
  const { call, model } = run;
  const rate = configNumber(vaePart(model), 'sampling_rate', 44_100);
  const ratios = configNumbers(vaePart(model), 'downsampling_ratios') ?? [2, 4, 4, 8, 8];
  const most = (latentLength(run) * ratios.reduce((product, ratio) => product * ratio, 1)) / rate;
  const { audioStartInS: from = 0, audioEndInS: to = most } = call;
  if (to - from > most || to <= from)
    throw new AsyncDiffError(
      'invalid_settings',
      `${to - from} s of sound were asked for, and this model makes up to ${most.toFixed(1)} s`,
      { hint: `Ask for --audio-end-in-s of at most ${(from + most).toFixed(1)}.` },
    );
  return { from, to, rate };
}

function latentLength(run: PipelineRun): number {
  const input = run.predictor.inputs.find(({ name }) => name === 'hidden_states');
  return fixedAxis(input, 2) ?? configSize(run.model.parts['transformer'], 'sample_size', 1024);
}

/** States of the text, then those of beginning and end: [1, tokens + 2, hidden]. */
async function embeddings(
  run: PipelineRun,
  text: string,
  what: string,
  given: Tensor | undefined,
): Promise<Tensor> {
  const hasProjection = run.partInfo(PROJECTION) !== undefined;
  if (!hasProjection) {
    if (given !== undefined) return givenStates(given);
    throw new AsyncDiffError('model_not_found', `${run.model.path} has no ${PROJECTION}/model.onnx`, {
      hint: 'Export it (scripts/export/), or give what it makes: --prompt-embeds (and --negative-prompt-embeds), the states of the text and behind them those of beginning and end.',
    });
  }
  const t5 = { encoder: 'text_encoder', tokenizer: 'tokenizer', text, what };
  const encoded = given === undefined ? await encodeT5(run, t5) : undefined;
  const states = encoded?.states ?? givenStates(given as Tensor);
  const isNegative = what !== 'prompt';
  // The unconditional half's padding is zeros before it is projected as well.
  const unpadded = encoded !== undefined && isNegative ? maskTokens(states, encoded.mask) : states;
  const { from, to } = span(run);
  const projected = await run.runPart(PROJECTION, {
    text_hidden_states: unpadded,
    start_seconds: float32(Float32Array.of(from), [1]),
    end_seconds: float32(Float32Array.of(to), [1]),
  });
  const [ofText, ofStart, ofEnd] = (run.partInfo(PROJECTION)?.outputs ?? []).map(
    ({ name }) => projected[name],
  ) as [Tensor, Tensor, Tensor];
  const tokens = encoded === undefined ? ofText : maskTokens(ofText, encoded.mask);
  return concat([tokens, ofStart, ofEnd], 1);
}

/** Beginning and end side by side, [1, 1, 2 * hidden]: the last two of the states. */
function durationStates(states: Tensor): Tensor {
  const [, tokens = 0, hidden = 0] = states.dims;
  const last = sliceTokens(states, tokens - 2, tokens);
  return { ...last, dims: [1, 1, 2 * hidden] };
}

/** get_1d_rotary_pos_embed: [places, size], the frequencies twice. */
function rotary(places: number, size: number, wave: (angle: number) => number): Tensor {
  const values = new Float32Array(places * size);
  for (let place = 0; place < places; place += 1)
    for (let i = 0; i < size; i += 1) {
      const power = Math.fround(Math.fround(2 * (i % (size / 2))) / size);
      const frequency = Math.fround(1 / Math.fround(THETA ** power));
      values[place * size + i] = wave(Math.fround(place * frequency));
    }
  return float32(values, [places, size]);
}
