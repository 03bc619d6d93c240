import { status } from '@grpc/grpc-js';

/** Exit codes of the command line, as documented in docs/reference/cli.md. */
export const EXIT = Object.freeze({
  ok: 0,
  failure: 1,
  usage: 2,
  unreachable: 3,
  model: 4,
  deadline: 5,
  sigint: 130,
  sigterm: 143,
});

interface ErrorRow {
  /** gRPC status that carries this error between processes. */
  readonly grpcStatus: status;
  readonly exitCode: number;
  /** Whether the same call may succeed later without any change. */
  readonly retryable: boolean;
  /** What to do about it; callers may give a more exact one. */
  readonly hint: string;
}

const row = (grpcStatus: status, exitCode: number, hint: string, retryable = false): ErrorRow => ({
  grpcStatus,
  exitCode,
  retryable,
  hint,
});

/**
 * Every error that this product raises on purpose. A code never changes its meaning; docs/reference/errors.md has a
 * section for each, and a test holds the two against each other.
 */
export const ERRORS = Object.freeze({
  usage: row(status.INVALID_ARGUMENT, EXIT.usage, 'See `asyncdiff --help` for the options.'),
  invalid_input: row(
    status.INVALID_ARGUMENT,
    EXIT.usage,
    'Compare the input with what `asyncdiff plan` prints for the model.',
  ),
  invalid_settings: row(status.INVALID_ARGUMENT, EXIT.usage, 'Change the setting that the message names.'),
  file_not_found: row(status.NOT_FOUND, EXIT.usage, 'Check the path.'),
  file_unreadable: row(
    status.INVALID_ARGUMENT,
    EXIT.usage,
    'Check that the file is complete and of the right kind.',
  ),
  model_not_found: row(
    status.NOT_FOUND,
    EXIT.model,
    'Give a folder made by `optimum-cli export onnx`, or a model.onnx file.',
  ),
  model_invalid: row(
    status.INVALID_ARGUMENT,
    EXIT.model,
    'Export the model again; ONNX Runtime must be able to load it.',
  ),
  model_unsupported: row(
    status.UNIMPLEMENTED,
    EXIT.model,
    'See docs/reference/models.md for what a noise predictor must look like.',
  ),
  scheduler_unsupported: row(
    status.UNIMPLEMENTED,
    EXIT.model,
    'Choose a sampler with --scheduler: ddim, euler or dpmpp_2m.',
  ),
  partition_impossible: row(status.INVALID_ARGUMENT, EXIT.usage, 'Ask for fewer components, or other cuts.'),
  provider_unavailable: row(
    status.FAILED_PRECONDITION,
    EXIT.model,
    'Run `asyncdiff doctor` to see which devices work here and how to add one.',
  ),
  no_workers: row(
    status.UNAVAILABLE,
    EXIT.unreachable,
    'Start one: `asyncdiff worker --join HOST:PORT`.',
    true,
  ),
  coordinator_unreachable: row(
    status.UNAVAILABLE,
    EXIT.unreachable,
    'Start one: `asyncdiff serve --model DIR --listen HOST:PORT`.',
    true,
  ),
  worker_unreachable: row(
    status.UNAVAILABLE,
    EXIT.unreachable,
    'Check that the worker runs and that its address is reachable.',
    true,
  ),
  worker_refused: row(
    status.FAILED_PRECONDITION,
    EXIT.usage,
    'Correct what the message names, and start the worker again.',
  ),
  worker_lost: row(status.UNAVAILABLE, EXIT.failure, 'The worker went away; submit the job again.', true),
  worker_failed: row(status.INTERNAL, EXIT.failure, 'See the log of the worker that the message names.'),
  peer_unreachable: row(
    status.UNAVAILABLE,
    EXIT.failure,
    'Give workers an address that the others reach (--advertise HOST:PORT), or use --data-path relay.',
  ),
  protocol_mismatch: row(
    status.FAILED_PRECONDITION,
    EXIT.failure,
    'Run the same asyncdiff version on every host.',
  ),
  port_in_use: row(status.ALREADY_EXISTS, EXIT.usage, 'Choose another port, or 0 for any free one.'),
  address_invalid: row(status.INVALID_ARGUMENT, EXIT.usage, 'Write addresses as HOST:PORT.'),
  message_too_large: row(status.RESOURCE_EXHAUSTED, EXIT.failure, 'Raise --max-message-mb on both sides.'),
  not_finite: row(
    status.DATA_LOSS,
    EXIT.failure,
    'Try float32 weights, another scheduler or a lower guidance scale.',
  ),
  cancelled: row(
    status.CANCELLED,
    EXIT.failure,
    'The job was cancelled; submit it again if that was not meant.',
  ),
  deadline_exceeded: row(
    status.DEADLINE_EXCEEDED,
    EXIT.deadline,
    'Allow more time, or look for a slow worker with --trace-file.',
    true,
  ),
  queue_full: row(
    status.RESOURCE_EXHAUSTED,
    EXIT.failure,
    'Wait until a job has ended, or raise --max-queue.',
    true,
  ),
  results_differ: row(
    status.DATA_LOSS,
    EXIT.failure,
    'The same plan must give the same bits: look for workers of mixed versions or devices, then report it.',
  ),
  internal: row(
    status.INTERNAL,
    EXIT.failure,
    'This is a fault of asyncdiff: report it with the stack (run again with -v).',
  ),
} satisfies Record<string, ErrorRow>);

export type ErrorCode = keyof typeof ERRORS;
