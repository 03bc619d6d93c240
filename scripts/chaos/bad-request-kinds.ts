import { type AsyncDiffClient, AsyncDiffError } from '../../client/index.js';
import {
  encodeModel,
  type ModelProto,
  type NodeProto,
  tag,
  varintBytes,
} from '../../common/model-file/index.js';
import type { CoordinatorChannel } from '../../rpc/index.js';
import { bytesOf, PlainSender, sha256Of } from './plain-sender.js';
import { tinyLatents, tinyModel, tinyScheduler } from './tiny-model.js';

const MIB = 2 ** 20;
const EMOJI_SHAPES = { sample: [2, 4, 16, 16], encoder_hidden_states: [2, 16, 192] };
const plain = { prompt: 'red apple', numInferenceSteps: 2 };

interface BadRequests {
  /** One that is good, for comparison. */
  readonly plain: () => Promise<string>;
  /** By what is bad about them; each resolves to `done` or a code. */
  readonly kinds: Readonly<Record<string, () => Promise<string>>>;
}

/** Requests that cost more than they should, or are made to: some are refused, some are taken. */
export function badRequests(client: AsyncDiffClient, channel: CoordinatorChannel): BadRequests {
  const sender = new PlainSender(channel);
  return {
    plain: () => sender.streamed('generate', plain),
    kinds: {
      ...requestKinds(client, sender),
      ...modelKinds(sender),
      '256 status calls at once': () =>
        Promise.all(Array.from({ length: 256 }, () => client.status())).then(() => 'done'),
    },
  };
}

/** What is asked for is too much, or not what it says. */
function requestKinds(client: AsyncDiffClient, sender: PlainSender): BadRequests['kinds'] {
  return {
    'a plan of 64 components': () =>
      client.plan({ inputShapes: EMOJI_SHAPES, plan: { components: 64 } }).then(
        () => 'done',
        (error: unknown) => AsyncDiffError.from(error).code,
      ),
    'a job in 64 components': () => sender.streamed('generate', { ...plain, plan: { components: 64 } }),
    'the longest prompt that is taken': () =>
      sender.streamed('generate', { ...plain, prompt: 'a '.repeat(32_768) }),
    'a prompt of 10 MB': () => sender.streamed('generate', { ...plain, prompt: 'a'.repeat(10_000_000) }),
    '64 pictures at once': () => sender.streamed('generate', { ...plain, numImagesPerPrompt: 64 }),
    '100,000 pictures at once': () => sender.streamed('generate', { ...plain, numImagesPerPrompt: 100_000 }),
    'a picture of 4096x4096': () => sender.streamed('generate', { ...plain, height: 4096, width: 4096 }),
    'a scheduler config nested 130,000 deep': () =>
      sender.streamed('generate', {
        ...plain,
        schedulerConfig: `${'['.repeat(130_000)}${']'.repeat(130_000)}`,
      }),
    'sampler options nested 130,000 deep': () =>
      sender.streamed('generate', {
        ...plain,
        samplerOptions: `{"eta":${'['.repeat(130_000)}${']'.repeat(130_000)}}`,
      }),
    'inputs of 60 MB that no model has': () =>
      sender.streamed('denoise', {
        modelSha256: 'a'.repeat(64),
        schedulerConfig: tinyScheduler('DDIMScheduler'),
        inputs: { sample: tensor([15 * MIB], 15 * MIB) },
        numInferenceSteps: 2,
      }),
    'inputs of 60 MB that the model does not take': () =>
      sender.withModel(tinyModel(), { sample: tensor([1, 4, 15 * (MIB >> 2)], 15 * MIB) }),
    'an argument of 60 MB that the pipeline does not take': () =>
      sender.streamed('generate', {
        ...plain,
        arguments: { latents: { tensor: tensor([1, 15 * MIB], 15 * MIB) } },
      }),
    'inputs that are not as long as their shape': () =>
      sender.streamed('denoise', {
        modelSha256: 'a'.repeat(64),
        schedulerConfig: tinyScheduler('DDIMScheduler'),
        inputs: { sample: tensor([1, 4, 4000, 4000], 1) },
        numInferenceSteps: 2,
      }),
  };
}

/** The model is. */
function modelKinds(sender: PlainSender): BadRequests['kinds'] {
  return {
    'a model that makes a billion numbers of nothing': () =>
      sender.withModel(
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
      sender.withModel(
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
      sender.withModel(
        tinyWith((last) => [
          ...Array.from({ length: 20_000 }, (_, at) =>
            node('Tanh', [at === 0 ? last : `t${at - 1}`], `t${at}`),
          ),
          node('Identity', ['t19999'], 'out_sample'),
        ]),
      ),
    'a model with branches nested 500 deep': () => sender.withModel(nestedBranches(500)),
    'a model of 50 MB of small numbers': () => sender.withModel(Buffer.alloc(50 * MIB, 0x08)),
    'a model of 50 MB of graphs': () => sender.withModel(Buffer.alloc(50 * MIB, 0x3a)),
    'a job of 900 steps whose client does not read': () =>
      sender.withModel(tinyModel()).then(() =>
        Promise.race([
          sender.streamed(
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
  };
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function tensor(dims: readonly number[], elements: number): object {
  return { dtype: 'float32', dims: [...dims], data: Buffer.alloc(elements * 4) };
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
