import { AsyncDiffError } from '../errors/index.js';
import { isPrintable } from './kinds.js';
import { shown } from './row.js';

export interface LimitRow {
  readonly max: number;
  /** What is counted: characters, bytes, ... */
  readonly unit: string;
  /** What it bounds, and why so much. */
  readonly what: string;
  /** The flag of `asyncdiff serve` that changes it. */
  readonly flag?: string;
}

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const row = (max: number, unit: string, what: string, flag?: string): LimitRow =>
  Object.freeze({ max, unit, what, ...(flag === undefined ? {} : { flag }) });

/**
 * What the coordinator takes from anyone, besides the ranges of the settings. Checked before anything is allocated or queued, and the same
 * through every door; docs/reference/limits.md is made from it.
 */
export const LIMITS = Object.freeze({
  messageBytes: row(64 * MIB, 'bytes', 'one gRPC message, either way', '--max-message-mb'),
  promptLength: row(
    65_536,
    'characters',
    'a prompt or a negative prompt; text encoders read 77 to 512 tokens',
  ),
  promptChunks: row(
    32,
    'chunks',
    'a prompt with --prompt-weighting; a chunk is what a CLIP text encoder reads at once',
  ),
  textLength: row(262_144, 'characters', 'a scheduler config, or the arguments of a sampler'),
  nameLength: row(256, 'characters', 'a name of a tensor, printable'),
  jobPixels: row(2 ** 25, 'pixels', 'all pictures of a job together: 32 of 1024x1024'),
  picturePixels: row(
    2 ** 25,
    'pixels',
    'a picture that is given (image, mask, control image), read from its header before it is decoded',
  ),
  tensors: row(64, 'tensors', 'inputs of a denoise job or of an item of a run, or shapes of a plan'),
  runItems: row(10_000, 'items', 'the list of a run'),
  runBytes: row(4 * GIB, 'bytes', 'all inputs of a run together; they are held in memory until it ends'),
  heldRunBytes: row(
    8 * GIB,
    'bytes',
    'inputs of all runs together, of those that come, wait or run; a run above it is refused with `queue_full`',
  ),
  heldInputBytes: row(
    GIB,
    'bytes',
    'inputs of all generate and denoise jobs together, of those that wait or run; a job above it is refused with `queue_full`, unless it is the only one',
  ),
  keptOutputBytes: row(
    128 * MIB,
    'bytes',
    'what the items of a detached run give: it is kept for whoever follows it',
  ),
  rank: row(8, 'dimensions', 'a tensor'),
  tensorBytes: row(256 * MIB, 'bytes', 'an input of the noise predictor, in a job or as a shape to plan for'),
  listLength: row(4_096, 'numbers', 'a list among the arguments of a pipeline'),
  constantElements: row(2 ** 26, 'elements', 'a tensor that a graph makes from constants alone'),
  uploadPathLength: row(256, 'characters', 'a file name in an upload'),
  uploadFiles: row(64, 'files', 'an uploaded model'),
  uploadBytes: row(64 * GIB, 'bytes', 'an uploaded model'),
  uploadsAtOnce: row(4, 'uploads', 'models that are on their way to the coordinator'),
  storedBytes: row(
    256 * GIB,
    'bytes',
    'all uploaded models on the disk of the coordinator',
    '--max-stored-gb',
  ),
  jobsPerClient: row(
    32,
    'jobs',
    'one client (by key, certificate or address): jobs that wait or run, and plans that it asks for',
    '--max-jobs-per-client',
  ),
  plansAtOnce: row(
    2,
    'plans',
    'that are asked for and not run (`asyncdiff plan`), of all clients; more wait. Each is a process',
  ),
  queuedJobs: row(64, 'jobs', 'jobs that wait, of all clients', '--max-queue'),
  clientStallMs: row(
    60_000,
    'milliseconds',
    'a client that takes nothing of what its job tells, or sends nothing more of a request, a run or a model that it has begun (and 1 s for each 50 kB of it): then its call ends, and with it a job that is not detached',
  ),
  relayedBytes: row(
    64 * MIB,
    'bytes',
    'tensors on their way through the coordinator, 4 MiB from one worker to another at most and 256 KiB at least: what is more waits at its producer',
  ),
  streamsPerConnection: row(256, 'calls', 'one connection: calls that are open; more wait'),
  workerTextLength: row(256, 'characters', 'what a worker says of its host and versions, printable'),
  workerNameLength: row(64, 'characters', "a worker's name, printable"),
  workerDeviceLength: row(
    1_024,
    'characters',
    "a worker's device, printable; paths of profiles are part of it",
  ),
  workerThreads: row(4_096, 'threads', 'what a worker may say it computes with'),
  workerProfileLength: row(
    16_000_000,
    'characters',
    'the profile of a declared device; those that come with it have up to 350,000',
  ),
} satisfies Record<string, LimitRow>);

type LimitName = keyof typeof LIMITS;

/**
 * Refuses more than a limit.
 * @param what names what was given, for the error
 * @throws AsyncDiffError `limit_exceeded` with the limit and what was given
 */
export function checkLimit(
  name: LimitName,
  given: number,
  what: string,
  max: number = LIMITS[name].max,
): void {
  // Not `given > max`: NaN is no number of anything.
  if (given <= max) return;
  const { unit, flag }: LimitRow = LIMITS[name];
  throw new AsyncDiffError('limit_exceeded', `${what} has ${given} ${unit}, at most ${max} are taken`, {
    hint:
      flag === undefined
        ? 'See docs/reference/limits.md for what the coordinator takes.'
        : `Ask for less, or raise the limit with \`asyncdiff serve ${flag}\`.`,
  });
}

/** Refuses a name that is too long, empty, or has characters that cannot be printed. `what`: of what. */
export function checkName(name: string, what: string): void {
  checkLimit('nameLength', name.length, `a name of ${what}`);
  if (!isPrintable(name, LIMITS.nameLength.max))
    throw new AsyncDiffError('invalid_input', `${shown(name)} is no name of ${what}: it must be printable`);
}

/** Refuses a shape of too many dimensions or elements; `bytes` of each element. */
export function checkShape(dims: readonly number[], bytes: number, what: string): void {
  checkLimit('rank', dims.length, what);
  for (const dim of dims) {
    if (!Number.isSafeInteger(dim) || dim < 0)
      throw new AsyncDiffError('invalid_input', `${what} has a dimension ${dim}`);
  }
  checkLimit(
    'tensorBytes',
    dims.reduce((product, dim) => product * dim, bytes),
    what,
  );
}
