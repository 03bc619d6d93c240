import { createHash } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../../common/make-folder.js';
import { type FileState, fileState } from '../../common/model-file/index.js';
import { plannedSettings } from '../../common/settings/index.js';
import { temporaryName } from '../../common/temporary-file.js';
import { calibrationPaths, type Choice, coarseMachines, type PlanRequest } from '../../planner/index.js';

/** Raise it when another choice would be made for the same job: older ones are then made again. */
const FORMAT = 1;

/**
 * What was chosen for which job on which machines, kept in a folder: the same job gets the same program, and so the same bits, also from the next
 * coordinator. Links count by their class only.
 */
export class Choices {
  readonly #folder: string;
  readonly #kept = new Map<string, Choice>();

  constructor(workDir: string) {
    this.#folder = join(workDir, 'choices');
  }

  /** Undefined where none was made yet; what is there and cannot be read counts as none. */
  async find(request: PlanRequest): Promise<Choice | undefined> {
    const key = await keyOf(request);
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    const text = await readFile(join(this.#folder, `${key}.json`), 'utf8').catch(() => undefined);
    const choice = text === undefined ? undefined : parse(text);
    if (choice !== undefined) this.#kept.set(key, choice);
    return choice;
  }

  async keep(request: PlanRequest, choice: Choice): Promise<void> {
    const key = await keyOf(request);
    this.#kept.set(key, choice);
    const path = join(this.#folder, `${key}.json`);
    const temporary = temporaryName(path);
    await makeFolder(this.#folder);
    try {
      await writeFile(temporary, `${JSON.stringify(choice)}\n`);
      await rename(temporary, path);
    } finally {
      await rm(temporary, { force: true });
    }
  }
}

/** Everything that a choice is made from: names of workers do not count, nor what a measurement differs in from one day to the next. */
async function keyOf(request: PlanRequest): Promise<string> {
  const { source, settings, batchRepeat, subject, device, threads } = request;
  const { workers, links } = coarseMachines(request);
  const place = new Map(workers.map(({ id }, at) => [id, at]));
  const hosts = [...new Set(workers.map(({ hostId }) => hostId))];
  const files = source.kind === 'model' ? [source.modelPath, ...calibrationPaths(source.modelPath)] : [];
  const model: FileState[] = await Promise.all(files.map(fileState));
  const machines = workers.map(({ hostId, speed, roundTripMs, memoryBytes }) => [
    hosts.indexOf(hostId),
    speed,
    roundTripMs,
    memoryBytes === undefined ? undefined : Math.floor(Math.log2(memoryBytes)),
  ]);
  const ways = links
    .map(({ from, to, roundTripMs, bytesPerSecond }) => [
      place.get(from),
      place.get(to),
      roundTripMs,
      bytesPerSecond,
    ])
    .map((way) => JSON.stringify(way))
    .sort();
  const asked = plannedSettings(settings);
  const what = [FORMAT, source, model, asked, batchRepeat, subject, device, threads, machines, ways];
  return createHash('sha256').update(JSON.stringify(what)).digest('hex').slice(0, 32);
}

function parse(text: string): Choice | undefined {
  try {
    const choice = JSON.parse(text) as Partial<Choice>;
    return choice.chosen?.verdict === 'chosen' && Array.isArray(choice.judged)
      ? (choice as Choice)
      : undefined;
  } catch {
    return undefined;
  }
}
