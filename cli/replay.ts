import type { Command } from 'commander';
import { type PlanOptions, type ReplayedRun, replayPlan } from '../client/index.js';
import { AsyncDiffError } from '../common/errors/index.js';
import {
  entriesOf,
  type JobOptions,
  type JobSettings,
  JOB_SETTINGS,
  PLAN_SETTINGS,
  type PlanSettings,
  resolveJobSettings,
  resolvePlanSettings,
  snakeCase,
} from '../common/settings/index.js';
import { flag } from './flag.js';
import { type PlanFlags, toPlanOptions } from './plan-flags.js';
import { readText } from './read-text.js';

/** The report of a run, read for another one that is to give the same bits. */
export interface Replay {
  readonly plan: PlanOptions;
  readonly run: ReplayedRun;
  /** Workers that the run can use. */
  readonly workers: number;
  /** SHA-256 of the final latents. */
  readonly latentsSha256: string;
  /** What the run was asked for; see {@link requestDocument}. */
  readonly request: Readonly<Record<string, unknown>>;
}

/** Plan settings that change no bits: they may be given beside a report. */
const FREE: ReadonlySet<keyof PlanSettings> = new Set(['dataPath', 'useWorkers', 'maxWorkers', 'microCuts']);

const HINT = 'Give the document that `asyncdiff generate --json` or `denoise --json` printed.';

/** The flag `--replay`. */
export function addReplayFlag(command: Command): Command {
  return command.addOption(
    flag(
      '--replay <report.json>',
      'give the same bits as the run of this report (what --json printed), or refuse',
    ),
  );
}

/**
 * Reads the report that `--replay` names, of a run of the same command.
 *
 * @param given plan settings that were given beside it: they may not contradict it
 * @throws AsyncDiffError `replay_impossible` where it lacks something or contradicts what was given; `file_not_found`, `file_unreadable`
 */
export async function readReplay(path: string, schema: string, given: PlanFlags): Promise<Replay> {
  return replayOf(await readDocument(path), path, schema, given);
}

/** The same of a report that was read already, from `path`. */
export function replayOf(
  report: Readonly<Record<string, unknown>>,
  path: string,
  schema: string,
  given: PlanFlags,
): Replay {
  if (report['schema'] !== schema)
    throw impossible(`${path} is a document of ${String(report['schema'])}, not of ${schema}`);
  const { stages } = report;
  // Several predictors one after another, each by a plan of its own.
  const parts = (Array.isArray(stages) ? stages : []).map((one: unknown) => {
    if (isObject(one)) return stageOf(one as Record<string, unknown>, path);
    throw impossible(`the report ${path} has something else among its stages`);
  });
  const run = stageOf(report, path);
  const plan = replayPlan({ ...run, stages: parts });
  const own = toPlanOptions(given);
  for (const [name, value] of entriesOf(own)) if (!FREE.has(name)) agree(snakeCase(name), value, plan[name]);
  return {
    plan: { ...plan, ...own },
    run: { ...run, stages: parts },
    workers: workersOf(plan),
    latentsSha256: field(report, 'latents_sha256', path, isText) as string,
    request: field(report, 'request', path, isObject) as Record<string, unknown>,
  };
}

/** What one predictor of a run is repeated from. */
function stageOf(
  report: Readonly<Record<string, unknown>>,
  path: string,
): NonNullable<ReplayedRun['stages']>[number] {
  const text = (name: string): string => field(report, name, path, isText) as string;
  const list = (name: string): unknown[] => field(report, name, path, Array.isArray) as unknown[];
  const rows = entriesOf(PLAN_SETTINGS).map(([name]) => {
    const key = snakeCase(name);
    const value = field(report, key, path, (found) => found !== undefined);
    // A reference run sent nothing; how a repeated one does is free.
    return [name, name === 'dataPath' && value === 'none' ? PLAN_SETTINGS.dataPath.default : value];
  });
  return {
    settings: resolvePlanSettings(Object.fromEntries(rows)) as never,
    cuts: list('cuts') as string[],
    inOrderSteps: list('in_order_steps') as number[],
    programChanges: field(report, 'program_changes', path, Number.isInteger) as number,
    version: text('version'),
    predictorId: text('predictor_id'),
    programId: text('program_id'),
    inputsSha256: text('inputs_sha256'),
    runtimes: list('runtimes').map(String),
  };
}

/** What was given beside a report, or what the report says. Throws `replay_impossible` where the two differ. */
export function replayed<T>(request: Replay['request'], name: string, given: T | undefined): T | undefined {
  const reported = (request[snakeCase(name)] ?? undefined) as T | undefined;
  if (given !== undefined) agree(snakeCase(name), given, reported);
  return reported;
}

/** The job settings of a report, which those that were given may not contradict. */
export function replayedJob(request: Replay['request'], given: JobOptions): JobSettings {
  const rows = entriesOf(JOB_SETTINGS)
    .filter(([name]) => name !== 'previewEvery')
    .map(([name]) => [name, replayed<unknown>(request, name, given[name])])
    .filter(([, value]) => value !== undefined);
  return resolveJobSettings({ ...Object.fromEntries(rows), previewEvery: given.previewEvery });
}

/** What a run was asked for, as its report has it: nothing that is undefined. */
export function requestDocument(request: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(request)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [snakeCase(name), value]),
  );
}

/**
 * Holds the end of a repeated run against the report.
 * @throws AsyncDiffError `results_differ`
 */
export function checkReplayed(replay: Replay | undefined, latentsSha256: string): void {
  if (replay === undefined || replay.latentsSha256 === latentsSha256) return;
  throw new AsyncDiffError(
    'results_differ',
    `the latents have the SHA-256 ${latentsSha256}, those of the report ${replay.latentsSha256}`,
  );
}

/** As many as its components and the runs of the last one are spread over. */
function workersOf({ maxWorkers, components, stride = 1 }: PlanOptions): number {
  const most = typeof components === 'number' && stride !== 'auto' ? components + stride - 1 : 1;
  return typeof maxWorkers === 'number' ? Math.min(maxWorkers, most) : most;
}

function agree(name: string, given: unknown, reported: unknown): void {
  if (JSON.stringify(given) === JSON.stringify(reported)) return;
  throw new AsyncDiffError(
    'replay_impossible',
    `${name} is given as ${JSON.stringify(given)}, and the report has ${JSON.stringify(reported) ?? 'none'}`,
    { hint: 'Leave it out (flag and environment variable): the report says what is needed.' },
  );
}

async function readDocument(path: string): Promise<Readonly<Record<string, unknown>>> {
  return parseReport(await readText(path), path);
}

/** Throws `file_unreadable` for what is no JSON object. */
export function parseReport(text: string, path: string): Readonly<Record<string, unknown>> {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw new AsyncDiffError('file_unreadable', `${path} is no JSON document`, { cause, hint: HINT });
  }
  if (isObject(document)) return document as Record<string, unknown>;
  throw new AsyncDiffError('file_unreadable', `${path} is no report`, { hint: HINT });
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function field(
  report: Readonly<Record<string, unknown>>,
  name: string,
  path: string,
  accepts: (value: unknown) => boolean,
): unknown {
  const value = report[name];
  if (accepts(value)) return value;
  throw impossible(`the report ${path} lacks ${name}, or has something else in its place`);
}

function impossible(why: string): AsyncDiffError {
  return new AsyncDiffError('replay_impossible', why, { hint: HINT });
}
