import { createHash } from 'node:crypto';
import { type AsyncDiffClient, AsyncDiffError } from '../../client/index.js';
import {
  encodeModel,
  type ModelProto,
  type NodeProto,
  tag,
  varintBytes,
} from '../../common/model-file/index.js';
import { clientError, type CoordinatorChannel } from '../../rpc/index.js';
import { tinyLatents, tinyModel, tinyScheduler } from './tiny-model.js';

/** A request that has not ended by then is left. */
const PATIENCE_MS = 60_000;
const MIB = 2 ** 20;
const EMOJI_SHAPES = { sample: [2, 4, 16, 16], encoder_hidden_states: [2, 16, 192] };
const tinyInputs = { sample: { dtype: 'float32', dims: [1, 4, 8, 8], data: bytesOf(tinyLatents(8).data) } };
const plain = { prompt: 'red apple', numInferenceSteps: 2 };

/** How far a job is, of what it tells. */
interface Told {
  readonly progress: { readonly step: number; readonly steps: number } | null;
  readonly preparing: { readonly stage: string } | null;
}

interface BadRequests {
  /** One that is good, for comparison. */
  readonly plain: () => Promise<string>;
  /** By what is bad about them; each resolves to `done` or a code. */
  readonly kinds: Readonly<Record<string, () => Promise<string>>>;
}

/** Requests that cost more than they should, or are made to: some are refused, some are taken. */
export function badRequests(client: AsyncDiffClient, channel: CoordinatorChannel): BadRequests {
  /** As a client of any language sends it: nothing here checks it first. */
  function streamed(kind: 'generate' | 'denoise', request: object, reads = true): Promise<string> {
    const call = kind === 'generate' ? channel.generate(request) : channel.denoise(request);
    return new Promise((resolve) => {
      let isLeft = false;
      let told = 'nothing';
      const timer = setTimeout(() => {
        isLeft = true;
        call.cancel();
      }, PATIENCE_MS);
      call.on('error', (error: Error) => {
        clearTimeout(timer);
        resolve(
          isLeft ? `left after ${PATIENCE_MS / 1000} s, when it had told ${told}` : clientError(error).code,
        );
      });
      if (reads)
        call.on('data', ({ progress, preparing }: Told) => {
          if (progress) told = `step ${progress.step} of ${progress.steps}`;
          else if (preparing) told = preparing.stage;
        });
      call.on('end', () => resolve('done'));
    });
  }

  async function withModel(model: ModelProto | Uint8Array, inputs: object = tinyInputs): Promise<string> {
    const bytes = model instanceof Uint8Array ? model : encodeModel(model);
    const modelSha256 = sha256Of(bytes);
    const refused = await new Promise<string | undefined>((resolve) => {
      const call = channel.uploadModel((error: Error | null) =>
        resolve(error === null ? undefined : clientError(error).code),
      );
      call.write({ header: { modelSha256, path: 'model.onnx', sizeBytes: bytes.length } });
      for (let at = 0; at < bytes.length; at += MIB) call.write({ data: bytes.subarray(at, at + MIB) });
      call.end();
    });
    if (refused !== undefined) return refused;
    return streamed('denoise', {
      modelSha256,
      schedulerConfig: tinyScheduler('DDIMScheduler'),
      inputs,
      numInferenceSteps: 2,
    });
  }

  const kinds: Readonly<Record<string, () => Promise<string>>> = {
    'a plan of 64 components': () =>
      client.plan({ inputShapes: EMOJI_SHAPES, plan: { components: 64 } }).then(
        () => 'done',
        (error: unknown) => AsyncDiffError.from(error).code,
      ),
    'a job in 64 components': () => streamed('generate', { ...plain, plan: { components: 64 } }),
    'the longest prompt that is taken': () => streamed('generate', { ...plain, prompt: 'a '.repeat(32_768) }),
    'a prompt of 10 MB': () => streamed('generate', { ...plain, prompt: 'a'.repeat(10_000_000) }),
    '64 pictures at once': () => streamed('generate', { ...plain, numImagesPerPrompt: 64 }),
    '100,000 pictures at once': () => streamed('generate', { ...plain, numImagesPerPrompt: 100_000 }),
    'a picture of 4096x4096': () => streamed('generate', { ...plain, height: 4096, width: 4096 }),
    'a scheduler config nested 130,000 deep': () =>
      streamed('generate', { ...plain, schedulerConfig: `${'['.repeat(130_000)}${']'.repeat(130_000)}` }),
    'sampler options nested 130,000 deep': () =>
      streamed('generate', {
        ...plain,
        samplerOptions: `{"eta":${'['.repeat(130_000)}${']'.repeat(130_000)}}`,
      }),
    'inputs of 60 MB that no model has': () =>
      streamed('denoise', {
        modelSha256: 'a'.repeat(64),
        schedulerConfig: tinyScheduler('DDIMScheduler'),
        inputs: { sample: tensor([15 * MIB], 15 * MIB) },
        numInferenceSteps: 2,
      }),
    'inputs of 60 MB that the model does not take': () =>
      withModel(tinyModel(), { sample: tensor([1, 4, 15 * (MIB >> 2)], 15 * MIB) }),
    'an argument of 60 MB that the pipeline does not take': () =>
      streamed('generate', { ...plain, arguments: { latents: { tensor: tensor([1, 15 * MIB], 15 * MIB) } } }),
    'inputs that are not as long as their shape': () =>
      streamed('denoise', {
        modelSha256: 'a'.repeat(64),
        schedulerConfig: tinyScheduler('DDIMScheduler'),
        inputs: { sample: tensor([1, 4, 4000, 4000], 1) },
        numInferenceSteps: 2,
      }),
    'a model that makes a billion numbers of nothing': () =>
      withModel(
        tinyWith(
          (last) => [
            node('ConstantOfShape', ['huge_dims'], 'huge'),
            node('ReduceSum', ['huge'], 'sum', [{ name: 'keepdims', type: 2, i: 0 }]),
            node('Add', [last, 'sum'], 'out_sample'),
          ],
          [int64('huge_dims', [1200, 1000, 1000])],
        ),
      ),
    'a model whose values grow a hundredfold by a node': () =>
      withModel(
        tinyWith(
          (last) => [
            node('Tile', [last, 'times'], 'tile1'),
            node('Tile', ['tile1', 'times'], 'tile2'),
            node('ReduceMean', ['tile2'], 'mean', [{ name: 'keepdims', type: 2, i: 0 }]),
            node('Add', [last, 'mean'], 'out_sample'),
          ],
          [int64('times', [1, 1, 2000, 2000])],
        ),
      ),
    'a model of 20,000 nodes': () =>
      withModel(
        tinyWith((last) => [
          ...Array.from({ length: 20_000 }, (_, at) =>
            node('Tanh', [at === 0 ? last : `t${at - 1}`], `t${at}`),
          ),
          node('Identity', ['t19999'], 'out_sample'),
        ]),
      ),
    'a model with branches nested 500 deep': () => withModel(nestedBranches(500)),
    'a model of 50 MB of small numbers': () => withModel(Buffer.alloc(50 * MIB, 0x08)),
    'a model of 50 MB of graphs': () => withModel(Buffer.alloc(50 * MIB, 0x3a)),
    'a job of 900 steps whose client does not read': () =>
      withModel(tinyModel()).then(() =>
        Promise.race([
          streamed(
            'denoise',
            {
              modelSha256: sha256Of(encodeModel(tinyModel())),
              schedulerConfig: tinyScheduler('DDIMScheduler'),
              inputs: {
                sample: { dtype: 'float32', dims: [1, 4, 128, 128], data: bytesOf(tinyLatents(128).data) },
              },
              numInferenceSteps: 900,
              sendSteps: true,
            },
            false,
          ),
          sleep(15_000).then(() => 'waits for its client'),
        ]),
      ),
    '256 status calls at once': () =>
      Promise.all(Array.from({ length: 256 }, () => client.status())).then(() => 'done'),
  };

  return { plain: () => streamed('generate', plain), kinds };
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function tensor(dims: readonly number[], elements: number): object {
  return { dtype: 'float32', dims: [...dims], data: Buffer.alloc(elements * 4) };
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** The tiny model with nodes before its output. */
function tinyWith(nodes: (last: string) => NodeProto[], initializer: object[] = []): ModelProto {
  const model = tinyModel();
  const { graph } = model;
  const output = graph?.node?.at(-1);
  if (graph?.node === undefined || output?.output === undefined)
    throw new Error('the tiny model has no output');
  output.output = ['before'];
  graph.node.push(...nodes('before'));
  graph.initializer?.push(...(initializer as never[]));
  return model;
}

const node = (
  op: string,
  input: string[],
  output: string,
  attribute: NodeProto['attribute'] = [],
): NodeProto => ({
  name: `${op}/${output}`,
  op_type: op,
  input,
  output: [output],
  attribute,
});
const int64 = (name: string, values: number[]) => ({
  name,
  dims: [values.length],
  data_type: 7,
  int64_data: values,
});

/** The bytes of a model whose branches stand in each other. */
function nestedBranches(depth: number): Buffer {
  const field = (number: number, bytes: Uint8Array): Buffer =>
    Buffer.concat([tag(number, 2), varintBytes(bytes.length), bytes]);
  let inner: Buffer = Buffer.concat([field(4, Buffer.from('Identity')), field(6, Buffer.alloc(600, 0x78))]);
  for (let at = 0; at < depth; at++)
    inner = Buffer.concat([field(4, Buffer.from('If')), field(5, field(6, field(1, inner)))]);
  return field(7, field(1, inner));
}
