import { AsyncDiffError } from '../common/errors/index.js';

/** What decides the bits of a run, besides its steps in order: of two runs with the same one the latents are equal. */
export interface RunIdentity {
  /** asyncdiff's. */
  readonly version: string;
  /** The predictor at its shapes; see {@link Plan.predictorId}. Empty for declared devices. */
  readonly predictorId: string;
  /** How it is cut, and how old what is read is; see {@link Plan.programId}. */
  readonly programId: string;
  /** What the job is given; see {@link inputsDigest}. */
  readonly inputsSha256: string;
  /** What each component runs on, from component 1. */
  readonly runtimes: readonly string[];
}

/** What a worker computes with, as far as it decides bits. */
interface Runtime {
  readonly device: string;
  readonly threads: number;
  readonly onnxruntimeVersion: string;
}

/** A component's runtime, of all workers that hold it. */
export function describeRuntimes(holders: readonly Runtime[]): string {
  const texts = holders.map(
    ({ device, threads, onnxruntimeVersion }) =>
      `ONNX Runtime ${onnxruntimeVersion}, ${device}, ${threads} thread${threads === 1 ? '' : 's'}`,
  );
  return [...new Set(texts)].join(' and ');
}

/**
 * Refuses a run that would give other bits than the one that a report is of.
 *
 * @param actual of the run that is about to begin
 * @throws AsyncDiffError `replay_impossible` with what differs
 */
export function checkReplay(reported: RunIdentity, actual: RunIdentity): void {
  const refuse = (why: string, hint: string): AsyncDiffError =>
    new AsyncDiffError('replay_impossible', why, { hint });
  if (reported.version !== actual.version)
    throw refuse(
      `the report is of asyncdiff ${reported.version}, this is ${actual.version}`,
      `Install asyncdiff@${reported.version} on every host.`,
    );
  if (reported.predictorId === '' || actual.predictorId === '')
    throw refuse('declared devices compute nothing that could be repeated', 'Use workers that compute.');
  if (reported.predictorId !== actual.predictorId)
    throw refuse(
      `the report is of another predictor, or of another size of picture (${reported.predictorId}, here ${actual.predictorId})`,
      'Give the model and the inputs of the run that the report is of.',
    );
  if (reported.inputsSha256 !== actual.inputsSha256)
    throw refuse(
      "what the predictor is given is not what the report's run was given",
      'Give the prompt, the files and the settings of that run; the text encoder must be the same as well.',
    );
  if (reported.programId !== actual.programId)
    throw refuse(
      `the predictor would be cut or scheduled otherwise than in the report's run (program ${reported.programId}, here ${actual.programId})`,
      'Have as many workers as the report names: the last component is on several of them.',
    );
  const at = actual.runtimes.findIndex((runtime, index) => runtime !== reported.runtimes[index]);
  if (at >= 0 || actual.runtimes.length !== reported.runtimes.length)
    throw refuse(
      `component ${at + 1} ran on ${reported.runtimes[at] ?? 'nothing'}, here on ${actual.runtimes[at] ?? 'nothing'}`,
      'Start workers with the device and --threads of the report.',
    );
}
