import { AsyncDiffError } from '../../common/errors/index.js';
import { packageVersion } from '../../common/package.js';
import { type DeclaredProfile, parseProfile } from '../../planner/declared/index.js';
import { parseAddress, PROTOCOL_VERSION } from '../../rpc/index.js';
import type { Hello__Output } from '../../rpc/gen/asyncdiff/v1/Hello.js';

/** What a worker stands in for, where its times are declared instead of computed. */
export interface DeclaredFacts {
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
  /** Undefined for a worker that computes. */
  readonly declared: DeclaredFacts | undefined;
}

const MAX_NAME_LENGTH = 64;
/** Paths of declared profiles are part of a device's name. */
const MAX_DEVICE_LENGTH = 1024;
const MAX_TEXT_LENGTH = 256;
const MAX_THREADS = 4096;
const MIN_SPEED = 0.01;
const MAX_SPEED = 100;
/** The built-in profiles take up to 0.35 MB. */
const MAX_PROFILE_LENGTH = 16_000_000;

/** No control, format or private-use characters and no lone surrogates: what a terminal and a log show as it is. */
const PRINTABLE = /^[^\p{C}\p{Zl}\p{Zp}]*$/u;

/**
 * The facts of a Hello.
 *
 * @param peer the other end's address, for what the error says
 * @throws AsyncDiffError `protocol_mismatch` for another protocol, `worker_refused` for anything that cannot be
 */
export function workerFacts(hello: Hello__Output, peer: string): WorkerFacts {
  const check = new Check(peer);
  const version = check.text('version', hello.version, MAX_TEXT_LENGTH);
  const name = check.text('name', hello.name, MAX_NAME_LENGTH);
  if (hello.protocolVersion !== PROTOCOL_VERSION) {
    throw new AsyncDiffError(
      'protocol_mismatch',
      `worker ${name} speaks protocol ${hello.protocolVersion} (asyncdiff ${version}), this coordinator ${PROTOCOL_VERSION} (asyncdiff ${packageVersion})`,
    );
  }
  return {
    name,
    version,
    device: check.text('device', hello.device, MAX_DEVICE_LENGTH),
    threads: check.number('threads', hello.threads, 1, MAX_THREADS),
    address: check.address(hello.address),
    hostId: check.text('host_id', hello.hostId, MAX_TEXT_LENGTH),
    hostName: check.text('host_name', hello.hostName, MAX_TEXT_LENGTH),
    machineId: check.text('machine_id', hello.machineId, MAX_TEXT_LENGTH),
    onnxruntimeVersion: check.text('onnxruntime_version', hello.onnxruntimeVersion, MAX_TEXT_LENGTH),
    nodeVersion: check.text('node_version', hello.nodeVersion, MAX_TEXT_LENGTH),
    // Left out by a worker that has no opinion.
    speed: hello.speed === 0 ? 1 : check.number('speed', hello.speed, MIN_SPEED, MAX_SPEED),
    maxMessageBytes: check.number('max_message_bytes', hello.maxMessageBytes, 1, Number.MAX_SAFE_INTEGER),
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
    if (!PRINTABLE.test(value))
      throw this.#refused(`its ${field} has characters that cannot be printed: ${asciiJson(value)}`);
    return value;
  }

  number(field: string, value: number, min: number, max: number): number {
    if (!(value >= min && value <= max))
      throw this.#refused(`its ${field} is ${value}, it must be a number from ${min} to ${max}`);
    return value;
  }

  address(value: string): string {
    if (this.text('address', value, MAX_TEXT_LENGTH) === '') return '';
    try {
      parseAddress(value);
    } catch (cause) {
      throw this.#refused(`its address is '${value}', not HOST:PORT`, { cause });
    }
    return value;
  }

  profile(profileJson: string, version: string): DeclaredFacts {
    if (profileJson.length > MAX_PROFILE_LENGTH)
      throw this.#refused(
        `its declared profile has ${profileJson.length} characters, at most ${MAX_PROFILE_LENGTH} are taken`,
      );
    try {
      return { profile: parseProfile(JSON.parse(profileJson), 'what it sent'), profileJson };
    } catch (cause) {
      const why = AsyncDiffError.from(cause).rawMessage.slice(0, MAX_TEXT_LENGTH);
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
  return JSON.stringify(text.slice(0, MAX_NAME_LENGTH)).replace(
    /[^\x20-\x7e]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
