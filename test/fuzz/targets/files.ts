import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeModel, encodeModel, loadModelFile } from '../../../common/model-file/index.js';
import { encodePng, decodePng } from '../../../common/image/index.js';
import { readPngText, withPngText } from '../../../common/image/png-text.js';
import { formatNpy, parseNpy } from '../../../common/npy/index.js';
import { float32 } from '../../../common/tensor/index.js';
import { findPipeline } from '../../../coordinator/pipeline/registry.js';
import { openModelFolder } from '../../../coordinator/pipeline/model-folder.js';
import { Tokenizer } from '../../../coordinator/pipeline/tokenizer.js';
import { FileKeyRing, makeKey, readKeyFile } from '../../../rpc/server/key-file.js';
import {
  createSampler,
  parseSamplerOptions,
  parseSchedulerConfig,
  SAMPLERS,
} from '../../../samplers/index.js';
import { smallPredictor, smallScheduler, SMALL_SCHEDULER } from '../../support/small-predictor.js';
import { type FuzzTarget, utf8 } from '../target.js';

const text = (input: Uint8Array): string => Buffer.from(input).toString('utf8');

/** Readers of files: models, arrays, pictures, configs, tokenizers, keys. */
export async function fileTargets(): Promise<FuzzTarget[]> {
  const folder = mkdtempSync(join(tmpdir(), 'asyncdiff-fuzz-'));
  const close = (): void => rmSync(folder, { recursive: true, force: true });
  const put = (name: string, input: Uint8Array): string => {
    const path = join(folder, name);
    writeFileSync(path, input);
    return path;
  };
  const model = encodeModel(smallPredictor());
  const png = await encodePng({ width: 2, height: 2, data: new Uint8Array(12) });
  const told = withPngText(png, { parameters: 'red apple\nSteps: 20', other: 'ünïcode ☃' });
  const { stored } = makeKey('client', 'somebody');
  const keys = utf8(JSON.stringify({ schema: 'asyncdiff.keys/1', keys: [stored] }));
  return [
    {
      name: 'onnx bytes',
      valid: [model],
      share: 2,
      read: (input) => void decodeModel(input, 'it'),
      close,
    },
    {
      name: 'onnx file',
      valid: [model],
      share: 2,
      read: (input) => void loadModelFile(put('m.onnx', input)),
    },
    {
      name: 'npy',
      share: 4,
      valid: [formatNpy(float32(new Float32Array(12), [3, 4])), formatNpy(float32(new Float32Array(1), []))],
      read: (input) => void parseNpy(input, 'it'),
    },
    { name: 'png texts', valid: [told, png], share: 4, read: (input) => void readPngText(input) },
    {
      name: 'picture',
      valid: [told, png],
      share: 0.05,
      read: async (input) => void (await decodePng(input)),
    },
    {
      name: 'scheduler config',
      share: 3,
      valid: [utf8(SMALL_SCHEDULER), ...SAMPLERS.flatMap(({ className }) => utf8(smallScheduler(className)))],
      read: (input) => void createSampler(parseSchedulerConfig(text(input)), 4),
    },
    {
      name: "sampler's options",
      share: 2,
      valid: [
        utf8('{"eta":0.5,"sigmas":[3,2,1,0.1]}'),
        utf8('{"timesteps":[900,500,1],"use_karras_sigmas":true}'),
      ],
      read: (input) => {
        const options = parseSamplerOptions(text(input));
        createSampler(parseSchedulerConfig(SMALL_SCHEDULER), 4, { options });
      },
    },
    tokenizerTarget(folder, put),
    pipelineTarget(folder, put),
    {
      name: 'keys',
      valid: [keys],
      share: 0.5,
      read: async (input) => {
        const path = put('keys.json', input);
        await readKeyFile(path);
        void new FileKeyRing(path).find('asyncdiff-client-00000000-x');
      },
    },
  ];
}

type Put = (name: string, input: Uint8Array) => string;

function tokenizerTarget(folder: string, put: Put): FuzzTarget {
  const vocab = { '<|startoftext|>': 0, '<|endoftext|>': 1, 'a</w>': 2, b: 3, 'ab</w>': 4, a: 5, 'b</w>': 6 };
  put('merges.txt', utf8('#version: 0.2\na b</w>\n'));
  const config = JSON.stringify({ model_max_length: 8, pad_token: '<|endoftext|>' });
  return {
    name: 'tokenizer',
    share: 0.3,
    valid: [
      utf8(JSON.stringify({ vocab, config: JSON.parse(config) as object })),
      utf8(`{"vocab":${JSON.stringify(vocab)},"config":${config},"merges":"a b</w>"}`),
    ],
    read: (input) => {
      // One input holds all three files, so that each is changed.
      const parts = partsOf(text(input));
      put('vocab.json', utf8(parts[0]));
      put('tokenizer_config.json', utf8(parts[1]));
      Tokenizer.open(folder).encode('ab a red apple \u0000 <|endoftext|>');
    },
  };
}

/** The two halves of a text, about the word that divides them. */
function partsOf(whole: string): [string, string] {
  const at = whole.indexOf('"config":');
  if (at < 0) return [whole, '{"model_max_length":8}'];
  return [whole.slice('{"vocab":'.length, at - 1), whole.slice(at + '"config":'.length, -1)];
}

function pipelineTarget(folder: string, put: Put): FuzzTarget {
  return {
    name: 'model_index.json',
    share: 0.3,
    valid: [
      utf8('{"_class_name":"StableDiffusionPipeline","unet":["diffusers","OnnxRuntimeModel"]}'),
      utf8('{"_class_name":"ORTFluxPipeline","_diffusers_version":"0.30.0","scheduler":[null,null]}'),
    ],
    read: async (input) => {
      put('model_index.json', input);
      await findPipeline(openModelFolder(folder));
    },
  };
}
