import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { type FileState, fileState } from '../common/model-file/index.js';
import { packageVersion } from '../common/package.js';
import { findRuntime } from '../common/runtime-package.js';
import { plannedSettings } from '../common/settings/index.js';
import type { Choice } from './choice/index.js';
import { isForOne, withChoice } from './chosen-configuration.js';
import { coarseMachines } from './coarse-links.js';
import type { PlanRequest } from './plan.js';
import { calibrationPaths } from './read-calibration.js';
import { sourceFiles } from './source-files.js';

/** Raised when another choice would be made for the same job: kept choices are then made again. */
const CHOICE_FORMAT = 1;
/** The same for plans of one version of the package. */
const PLAN_FORMAT = 3;

/**
 * Everything that a choice is made from: names of workers do not count, nor what a measurement differs in from one day to the next. A file's size and
 * times stand for its content.
 */
export async function choiceKey(request: PlanRequest): Promise<string> {
  const { settings, batchRepeat, subject, device, threads } = request;
  const { source, files, machines } = await factsOf(request);
  const asked = plannedSettings(settings);
  return hash([CHOICE_FORMAT, source, files, asked, batchRepeat, subject, device, threads, machines]);
}

/** Everything that a plan is made from, but for the times that it follows, and which version made it. `choice`: what was chosen. */
export async function planKey(request: PlanRequest, choice: Choice | undefined): Promise<string> {
  const { settings, batchRepeat, subject, device, devices, threads } = request;
  const { source, files, machines } = await factsOf(request);
  const isOpen = settings.maxError !== 'off' && choice === undefined && !isForOne(request);
  return hash([
    [PLAN_FORMAT, packageVersion, findRuntime()?.version],
    [source, files, batchRepeat, device, threads, machines],
    plannedSettings(choice === undefined ? settings : withChoice(settings, choice)),
    isOpen ? subject : undefined,
    settings.recut === 'on' ? devices : undefined,
  ]);
}

async function factsOf(request: PlanRequest) {
  const { source } = request;
  const { workers, links } = coarseMachines(request);
  const place = new Map(workers.map(({ id }, at) => [id, at]));
  const hosts = [...new Set(workers.map(({ hostId }) => hostId))];
  const calibrations = source.kind === 'model' ? calibrationPaths(source.modelPath) : [];
  const files: FileState[] = await Promise.all([sourceFiles(source), ...calibrations.map(fileState)]).then(
    (all) => all.flat(),
  );
  return {
    source: source.kind === 'model' ? { ...source, modelPath: resolve(source.modelPath) } : source,
    files: files.map(({ path, state }) => [resolve(path), state]),
    machines: [
      workers.map(({ hostId, speed, roundTripMs, memoryBytes }) => [
        hosts.indexOf(hostId),
        speed,
        roundTripMs,
        memoryBytes === undefined ? undefined : Math.floor(Math.log2(memoryBytes)),
      ]),
      links
        .map(({ from, to, roundTripMs, bytesPerSecond }) =>
          JSON.stringify([place.get(from), place.get(to), roundTripMs, bytesPerSecond]),
        )
        .sort(),
    ],
  };
}

function hash(what: unknown): string {
  return createHash('sha256').update(JSON.stringify(what)).digest('hex').slice(0, 32);
}
