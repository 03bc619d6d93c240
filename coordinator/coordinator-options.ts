import type { LinkSecurity } from '../rpc/index.js';
import type { CoordinatorLog } from './log.js';

export interface StartCoordinatorOptions {
  /** HOST:PORT for clients and workers; port 0 for any free one. */
  readonly listen: string;
  /** Model folder for `generate`; without one, only `denoise` and `plan` work. */
  readonly modelDir?: string | undefined;
  /** Workers to dial, HOST:PORT; others may join by themselves. */
  readonly workers?: readonly string[] | undefined;
  /** ONNX Runtime threads of parts that run here, where workers are declared devices. Defaults to the cores less one. */
  readonly threads?: number | undefined;
  /** Folder for plans, segments and uploaded models. Defaults to the user's cache folder. */
  readonly workDir?: string | undefined;
  /** Jobs that may wait. Defaults to 64. */
  readonly maxQueued?: number | undefined;
  /** Largest gRPC message, bytes. Defaults to 64 MiB. */
  readonly maxMessageBytes?: number | undefined;
  /** Of its own port, and of the workers that it dials. Defaults to plain text. */
  readonly security?: LinkSecurity | undefined;
  /** Structured log lines; a pino logger serves. Defaults to none. */
  readonly log?: CoordinatorLog | undefined;
}
