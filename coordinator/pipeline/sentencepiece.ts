import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import { AsyncDiffError } from '../../common/errors/index.js';

/** `TrainerSpec.ModelType` of sentencepiece_model.proto. */
const UNIGRAM = 1;
/** `SentencePiece.Type` of pieces that text never becomes: UNKNOWN and CONTROL. */
const UNKNOWN = 2;
const CONTROL = 3;

interface Piece {
  readonly piece: string;
  readonly score: number;
  readonly type: number;
}

interface SentencePieceModel {
  readonly pieces: readonly Piece[];
  readonly modelType: number;
  /** Base64 of the compiled normaliser; undefined where there is none. */
  readonly charsmap: string | undefined;
}

/**
 * tokenizer.json of a T5 tokenizer that is kept as spiece.model, as transformers' `T5Converter` (convert_slow_tokenizer.py) builds it.
 * @param added further tokens by id: the sentinels of T5
 * @throws AsyncDiffError `model_invalid` for a file that is no SentencePiece model, `model_unsupported` for one that is not of unigrams
 */
export function t5TokenizerJson(
  path: string,
  added: Readonly<Record<number, string>>,
): Record<string, unknown> {
  const { pieces, modelType, charsmap } = readModel(path);
  if (modelType !== UNIGRAM)
    throw new AsyncDiffError(
      'model_unsupported',
      `${path} is a SentencePiece model of type ${modelType}, only unigrams (1) can be read`,
      {
        hint: "Write tokenizer.json beside it: transformers' AutoTokenizer(use_fast=True).save_pretrained does.",
      },
    );
  const idOf = (token: string): number => {
    const id = pieces.findIndex(({ piece }) => piece === token);
    if (id >= 0) return id;
    throw new AsyncDiffError('model_invalid', `${path} has no piece ${token}`);
  };
  const vocabulary: (readonly [string, number])[] = pieces.map(({ piece, score }) => [piece, score]);
  for (const [id, token] of Object.entries(added)) vocabulary[Number(id)] ??= [token, 0];
  const special = pieces.flatMap(({ piece, type }, id) =>
    type === UNKNOWN || type === CONTROL ? [addedToken(id, piece)] : [],
  );
  const sentinels = Object.entries(added).flatMap(([id, token]) =>
    Number(id) >= pieces.length ? [addedToken(Number(id), token)] : [],
  );
  const metaspace = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [...special, ...sentinels],
    normalizer: {
      type: 'Sequence',
      normalizers: [
        ...(charsmap === undefined ? [] : [{ type: 'Precompiled', precompiled_charsmap: charsmap }]),
        { type: 'Strip', strip_left: false, strip_right: true },
        { type: 'Replace', pattern: { Regex: ' {2,}' }, content: '▁' },
      ],
    },
    pre_tokenizer: metaspace,
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ Sequence: { id: 'A', type_id: 0 } }, { SpecialToken: { id: '</s>', type_id: 0 } }],
      pair: [],
      special_tokens: { '</s>': { id: '</s>', ids: [idOf('</s>')], tokens: ['</s>'] } },
    },
    decoder: metaspace,
    model: {
      type: 'Unigram',
      unk_id: pieces.findIndex(({ type }) => type === UNKNOWN),
      vocab: vocabulary,
      byte_fallback: false,
    },
  };
}

function addedToken(id: number, content: string): Record<string, unknown> {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
}

/** The parts of sentencepiece_model.proto's `ModelProto` that are needed. */
function readModel(path: string): SentencePieceModel {
  try {
    const pieces: Piece[] = [];
    let modelType = UNIGRAM;
    let charsmap: string | undefined;
    fields(protobuf.Reader.create(readFileSync(path)), {
      1: (reader) => void pieces.push(readPiece(reader)),
      2: (reader) => within(reader, { 3: (inner) => void (modelType = inner.int32()) }),
      3: (reader) =>
        within(reader, { 2: (inner) => void (charsmap = Buffer.from(inner.bytes()).toString('base64')) }),
    });
    if (pieces.length === 0) throw new Error('it holds no pieces');
    return { pieces, modelType, charsmap: charsmap === '' ? undefined : charsmap };
  } catch (cause) {
    throw new AsyncDiffError('model_invalid', `${path} is no SentencePiece model: ${String(cause)}`, {
      cause,
    });
  }
}

function readPiece(reader: protobuf.Reader): Piece {
  let [piece, score, type] = ['', 0, 1];
  within(reader, {
    1: (inner) => void (piece = inner.string()),
    2: (inner) => void (score = inner.float()),
    3: (inner) => void (type = inner.int32()),
  });
  return { piece, score, type };
}

type Fields = Readonly<Record<number, (reader: protobuf.Reader) => void>>;

/** A message inside of a message. */
function within(reader: protobuf.Reader, readers: Fields): void {
  fields(protobuf.Reader.create(reader.bytes()), readers);
}

function fields(reader: protobuf.Reader, readers: Fields): void {
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const read = readers[tag >>> 3];
    if (read === undefined) reader.skipType(tag & 7);
    else read(reader);
  }
}
