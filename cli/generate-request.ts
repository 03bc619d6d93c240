import { createHash } from 'node:crypto';
import { AsyncDiffError } from '../common/errors/index.js';
import { type JobOptions, type JobSettings, resolveJobSettings } from '../common/settings/index.js';
import {
  ARGUMENT_NAMES,
  type ArgumentName,
  kebabName,
  type PipelineArguments,
  snakeName,
} from '../common/pipeline-arguments/index.js';
import type { PlanOptions } from '../client/index.js';
import type { Tensor } from '../common/tensor/index.js';
import { type PipelineFlags, readPipelineFlags } from './pipeline-flags.js';
import { type PlanFlags, toPlanOptions } from './plan-flags.js';
import { type PictureSource, readPictureSource } from './picture-source.js';
import {
  parseReport,
  readReplay,
  type Replay,
  replayed,
  replayedJob,
  replayOf,
  requestDocument,
} from './replay.js';
import { readSamplerFlags, type SamplerChoiceOptions, type SamplerFlags } from './sampler-flags.js';
import { jobOptions } from './setting-flag.js';

/** What `generate` is asked for, from its flags, or from the report or the picture that it repeats. */
export interface GenerateRequest {
  readonly prompt: string;
  readonly negativePrompt: string | undefined;
  readonly job: JobSettings;
  readonly sampler: SamplerChoiceOptions;
  readonly pipelineArguments: PipelineArguments;
  readonly plan: PlanOptions;
  readonly replay: Replay | undefined;
  /** The picture that is drawn again. */
  readonly source: PictureSource | undefined;
}

export const GENERATE_SCHEMA = 'asyncdiff.generate/1';

type Flags = PlanFlags &
  Omit<JobOptions, 'scheduler'> &
  SamplerFlags &
  PipelineFlags & { readonly negativePrompt?: string; readonly replay?: string; readonly from?: string };

/** Throws `usage` without a prompt, and what reading files throws. */
export async function readGenerateRequest(
  prompt: string | undefined,
  flags: Flags,
): Promise<GenerateRequest> {
  const { scheduler: _scheduler, ...given } = jobOptions(flags);
  const sampler = await readSamplerFlags(flags);
  const pipelineArguments = await readPipelineFlags(flags);
  const asking = { prompt, negativePrompt: flags.negativePrompt, given, sampler, pipelineArguments };
  if (flags.from !== undefined && flags.replay !== undefined)
    throw new AsyncDiffError('usage', 'give either --from or --replay, not both');
  if (flags.replay !== undefined) {
    const replay = await readReplay(flags.replay, GENERATE_SCHEMA, flags);
    return { ...repeated(replay, asking), replay, source: undefined };
  }
  if (flags.from !== undefined) {
    const source = await readPictureSource(flags.from);
    const { report, path } = source;
    if (report === undefined) {
      const plan = toPlanOptions(flags);
      return { ...repeated({ request: source.request, plan }, asking), replay: undefined, source };
    }
    const replay = replayOf(parseReport(report, path), path, GENERATE_SCHEMA, flags);
    return { ...repeated(replay, asking), replay, source };
  }
  if (prompt === undefined)
    throw new AsyncDiffError('usage', 'the prompt is missing', {
      hint: 'Say what to draw, as in `asyncdiff generate "red apple"`, or give --prompts FILE, --from PICTURE or --replay REPORT.',
    });
  return {
    prompt,
    negativePrompt: flags.negativePrompt,
    job: resolveJobSettings(given),
    sampler,
    pipelineArguments,
    plan: toPlanOptions(flags),
    replay: undefined,
    source: undefined,
  };
}

interface Given {
  readonly prompt: string | undefined;
  readonly negativePrompt: string | undefined;
  readonly given: JobOptions;
  readonly sampler: SamplerChoiceOptions;
  readonly pipelineArguments: PipelineArguments;
}

function repeated(
  { request, plan }: Pick<Replay, 'request' | 'plan'>,
  { prompt, negativePrompt, given, sampler, pipelineArguments }: Given,
): Omit<GenerateRequest, 'replay' | 'source'> {
  const { scheduler, ...job } = replayedJob(request, given);
  return {
    prompt: replayed(request, 'prompt', prompt) ?? '',
    negativePrompt: replayed(request, 'negativePrompt', negativePrompt),
    job: resolveJobSettings(job),
    sampler: {
      scheduler: replayed(request, 'scheduler', sampler.scheduler ?? (scheduler || undefined)),
      schedulerConfig: replayed(request, 'schedulerConfig', sampler.schedulerConfig),
      samplerOptions: replayed(request, 'samplerOptions', isEmpty(sampler.samplerOptions)) ?? {},
    },
    pipelineArguments: repeatedArguments(request, pipelineArguments),
    plan,
  };
}

function isEmpty<T extends object>(options: T): T | undefined {
  return Object.keys(options).length === 0 ? undefined : options;
}

/** Those of the report, and files that were given again. */
function repeatedArguments(request: Replay['request'], given: PipelineArguments): PipelineArguments {
  const reported = (request['arguments'] ?? {}) as Readonly<Record<string, unknown>>;
  const found: [ArgumentName, unknown][] = [];
  for (const name of ARGUMENT_NAMES) {
    const value = reported[snakeName(name)];
    const own = given[name];
    if (value === undefined && own === undefined) continue;
    if (own !== undefined && JSON.stringify(documented(own)) !== JSON.stringify(value))
      throw new AsyncDiffError(
        'replay_impossible',
        `${snakeName(name)} is not what the report's run was given`,
        { hint: 'Give the same file, or leave the flag out where the report has the value itself.' },
      );
    if (own === undefined && typeof value === 'object' && !Array.isArray(value))
      throw new AsyncDiffError(
        'replay_impossible',
        `the report's run was given a file for ${snakeName(name)}`,
        {
          hint: `Give that file again: --${kebabName(name)} FILE.`,
        },
      );
    found.push([name, own ?? value]);
  }
  return Object.fromEntries(found);
}

/** Values as a report has them; of files, what they hold as a SHA-256. */
function documented(value: unknown): unknown {
  const bytes = value instanceof Uint8Array ? value : (value as Partial<Tensor>).data;
  if (typeof value !== 'object' || bytes === undefined) return value;
  const { buffer, byteOffset, byteLength } = bytes;
  return {
    sha256: createHash('sha256')
      .update(new Uint8Array(buffer, byteOffset, byteLength))
      .digest('hex'),
  };
}

/** What a report says that was asked for: with it the run can be repeated. */
export function generateDocument({
  prompt,
  negativePrompt,
  job,
  sampler,
  pipelineArguments,
}: GenerateRequest) {
  const { previewEvery: _, scheduler: _model, ...rest } = job;
  const given = ARGUMENT_NAMES.flatMap((name) => {
    const value = pipelineArguments[name];
    return value === undefined ? [] : [[snakeName(name), documented(value)]];
  });
  return requestDocument({
    prompt,
    negativePrompt,
    ...rest,
    scheduler: sampler.scheduler,
    schedulerConfig: sampler.schedulerConfig,
    samplerOptions: isEmpty(sampler.samplerOptions),
    arguments: isEmpty(Object.fromEntries(given) as object),
  });
}
