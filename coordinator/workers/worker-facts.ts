import { AsyncDiffError } from '../../common/errors/index.js';
import { isPrintable, LIMITS } from '../../common/settings/index.js';
import { packageVersion } from '../../common/package.js';
import { type DeclaredProfile, parseProfile } from '../../execution/declared/index.js';
import { parseAddress, PROTOCOL_VERSION } from '../../rpc/index.js';
import type { Hello__Output } from '../../rpc/gen/asyncdiff/v1/Hello.js';

/** What a worker stands in for, where its times are declared instead of computed. */
interface DeclaredFacts {
  readonly profile: DeclaredProfile;
  /** The profile as the worker sent it: what plans are made from, in the planning thread. */
  readonly profileJson: string;
}

/** What is known of a worker: what it said in its Hello, checked once. Nothing else of the coordinator reads a Hello. */
export interface WorkerFacts {
  /** As the worker calls itself; the registry makes it unique. Printable, at most 64 characters. */
  readonly name: string;
  readonly device: string;
  /** ONNX Runtime threads, 1 to 4096. */
  readonly threads: number;
  /** HOST:PORT at which other workers reach it; empty if none can. */
  readonly address: string;
  readonly hostId: string;
  readonly hostName: string;
  readonly machineId: string;
  readonly version: string;
  readonly onnxruntimeVersion: string;
  readonly nodeVersion: string;
  /** Beside other workers, as its user says; 0.01 to 100. */
  readonly speed: number;
  /** Largest message that it takes, bytes. */
  readonly maxMessageBytes: number;
  /** Memory of its device for its part of a model; undefined where it is not known. */
  readonly memoryBytes: number | undefined;
  /** Undefined for a worker that computes. */
  readonly declared: DeclaredFacts | undefined;
}

const MIN_SPEED = 0.01;
const MAX_SPEED = 100;
/** Characters of a refused text that an error quotes. */
const MAX_QUOTED_LENGTH = 64;

/**
 * The facts of a Hello.
 *
 * @param peer the other end's address, for what the error says
 * @throws AsyncDiffError `protocol_mismatch` for another protocol, `worker_refused` for anything that cannot be
 */
export function workerFacts(hello: Hello__Output, peer: string): WorkerFacts {
  const check = new Check(peer);
  const version = check.text('version', hello.version, LIMITS.workerTextLength.max);
  const name = check.text('name', hello.name, LIMITS.workerNameLength.max);
  if (hello.protocolVersion !== PROTOCOL_VERSION) {
    throw new AsyncDiffError(
      'protocol_mismatch',
      `worker ${name} speaks protocol ${hello.protocolVersion} (asyncdiff ${version}), this coordinator ${PROTOCOL_VERSION} (asyncdiff ${packageVersion})`,
    );
  }
  return {
    name,
    version,
    device: check.text('device', hello.device, LIMITS.workerDeviceLength.max),
    threads: check.number('threads', hello.threads, 1, LIMITS.workerThreads.max),
    address: check.address(hello.address),
    hostId: check.text('host_id', hello.hostId, LIMITS.workerTextLength.max),
    hostName: check.text('host_name', hello.hostName, LIMITS.workerTextLength.max),
    machineId: check.text('machine_id', hello.machineId, LIMITS.workerTextLength.max),
    onnxruntimeVersion: check.text(
      'onnxruntime_version',
      hello.onnxruntimeVersion,
      LIMITS.workerTextLength.max,
    ),
    nodeVersion: check.text('node_version', hello.nodeVersion, LIMITS.workerTextLength.max),
    // 0: the worker was started without `--speed`.
    speed: hello.speed === 0 ? 1 : check.number('speed', hello.speed, MIN_SPEED, MAX_SPEED),
    maxMessageBytes: check.number('max_message_bytes', hello.maxMessageBytes, 1, Number.MAX_SAFE_INTEGER),
    memoryBytes:
      hello.memoryBytes === 0
        ? undefined
        : check.number('memory_bytes', hello.memoryBytes, 1, Number.MAX_SAFE_INTEGER),
    declared: hello.declared ? check.profile(hello.declaredProfile, version) : undefined,
  };
}

class Check {
  readonly #peer: string;

  constructor(peer: string) {
    this.#peer = peer;
  }

  text(field: string, value: string, maxLength: number): string {
    if (value.length > maxLength)
      throw this.#refused(`its ${field} has ${value.length} characters, at most ${maxLength} are taken`);
    if (value !== '' && !isPrintable(value, maxLength))
      throw this.#refused(`its ${field} has characters that cannot be printed: ${asciiJson(value)}`);
    return value;
  }

  number(field: string, value: number, min: number, max: number): number {
    if (!(value >= min && value <= max))
      throw this.#refused(`its ${field} is ${value}, it must be a number from ${min} to ${max}`);
    return value;
  }

  address(value: string): string {
    if (this.text('address', value, LIMITS.workerTextLength.max) === '') return '';
    try {
      parseAddress(value);
    } catch (cause) {
      throw this.#refused(`its address is '${value}', not HOST:PORT`, { cause });
    }
    return value;
  }

  profile(profileJson: string, version: string): DeclaredFacts {
    if (profileJson.length > LIMITS.workerProfileLength.max)
      throw this.#refused(
        `its declared profile has ${profileJson.length} characters, at most ${LIMITS.workerProfileLength.max} are taken`,
      );
    try {
      return { profile: parseProfile(JSON.parse(profileJson), 'what it sent'), profileJson };
    } catch (cause) {
      const why = AsyncDiffError.from(cause).rawMessage.slice(0, LIMITS.workerTextLength.max);
      throw this.#refused(`its declared profile is not one (${why})`, {
        cause,
        hint: `Give the worker a valid profile (--device declared:PROFILE); it runs asyncdiff ${version}, this coordinator ${packageVersion}.`,
      });
    }
  }

  #refused(why: string, options: { cause?: unknown; hint?: string } = {}): AsyncDiffError {
    return new AsyncDiffError('worker_refused', `the worker at ${this.#peer} is not taken: ${why}`, options);
  }
}

/** The beginning of a text with everything outside ASCII escaped, so that a log shows what it is. */
function asciiJson(text: string): string {
  return JSON.stringify(text.slice(0, MAX_QUOTED_LENGTH)).replace(
    /[^\x20-\x7e]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
