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

/** gRPC's statuses by name (https://grpc.io/docs/guides/status-codes); `rpc/` has their numbers. */
type GrpcStatus =
  | 'CANCELLED'
  | 'INVALID_ARGUMENT'
  | 'DEADLINE_EXCEEDED'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'PERMISSION_DENIED'
  | 'RESOURCE_EXHAUSTED'
  | 'FAILED_PRECONDITION'
  | 'UNIMPLEMENTED'
  | 'INTERNAL'
  | 'UNAVAILABLE'
  | 'DATA_LOSS'
  | 'UNAUTHENTICATED';

interface ErrorRow {
  /** gRPC status that carries this error between processes. */
  readonly grpcStatus: GrpcStatus;
  readonly exitCode: number;
  /** Whether the same call may succeed later without any change. */
  readonly retryable: boolean;
  /** What to do about it; callers may give a more exact one. */
  readonly hint: string;
}

const row = (grpcStatus: GrpcStatus, exitCode: number, hint: string, retryable = false): ErrorRow => ({
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
  usage: row('INVALID_ARGUMENT', EXIT.usage, 'See `asyncdiff --help` for the options.'),
  invalid_input: row(
    'INVALID_ARGUMENT',
    EXIT.usage,
    'Compare the input with what `asyncdiff plan` prints for the model.',
  ),
  invalid_settings: row('INVALID_ARGUMENT', EXIT.usage, 'Change the setting that the message names.'),
  limit_exceeded: row(
    'INVALID_ARGUMENT',
    EXIT.usage,
    'See docs/reference/limits.md for what the coordinator takes.',
  ),
  file_not_found: row('NOT_FOUND', EXIT.usage, 'Check the path.'),
  file_unreadable: row(
    'INVALID_ARGUMENT',
    EXIT.usage,
    'Check that the file is complete and of the right kind.',
  ),
  model_not_found: row(
    'NOT_FOUND',
    EXIT.model,
    'Give a folder made by `optimum-cli export onnx`, or a model.onnx file.',
  ),
  model_invalid: row(
    'INVALID_ARGUMENT',
    EXIT.model,
    'Export the model again; ONNX Runtime must be able to load it.',
  ),
  model_unsupported: row(
    'UNIMPLEMENTED',
    EXIT.model,
    'See docs/reference/models.md for what a noise predictor must look like.',
  ),
  scheduler_unsupported: row(
    'UNIMPLEMENTED',
    EXIT.model,
    'Choose another sampler with --scheduler, or change the setting that the message names.',
  ),
  memory_exceeded: row(
    'RESOURCE_EXHAUSTED',
    EXIT.failure,
    'Give a worker more memory (worker --memory-gb), or ask for a smaller picture.',
  ),
  partition_impossible: row('INVALID_ARGUMENT', EXIT.usage, 'Ask for fewer components, or other cuts.'),
  provider_unavailable: row(
    'FAILED_PRECONDITION',
    EXIT.model,
    'Run `asyncdiff doctor` to see which devices work here and how to add one.',
  ),
  no_workers: row('UNAVAILABLE', EXIT.unreachable, 'Start one: `asyncdiff worker --join HOST:PORT`.', true),
  coordinator_unreachable: row(
    'UNAVAILABLE',
    EXIT.unreachable,
    'Start one: `asyncdiff serve --model DIR --listen HOST:PORT`.',
    true,
  ),
  worker_unreachable: row(
    'UNAVAILABLE',
    EXIT.unreachable,
    'Check that the worker runs and that its address is reachable.',
    true,
  ),
  worker_refused: row(
    'FAILED_PRECONDITION',
    EXIT.usage,
    'Correct what the message names, and start the worker again.',
  ),
  worker_lost: row('UNAVAILABLE', EXIT.failure, 'The worker went away; submit the job again.', true),
  worker_failed: row('INTERNAL', EXIT.failure, 'See the log of the worker that the message names.'),
  cache_unwritable: row(
    'RESOURCE_EXHAUSTED',
    EXIT.failure,
    'Make room on the disk that the message names, or choose another folder with --cache.',
  ),
  peer_unreachable: row(
    'UNAVAILABLE',
    EXIT.failure,
    'Give workers an address that the others reach (--advertise HOST:PORT), or use --data-path relay.',
  ),
  unauthenticated: row(
    'UNAUTHENTICATED',
    EXIT.failure,
    'Show a key that the server knows: --key-file FILE or ASYNCDIFF_KEY (`asyncdiff keys add` makes one).',
  ),
  permission_denied: row(
    'PERMISSION_DENIED',
    EXIT.failure,
    'Use a key of the role that the message names: `asyncdiff keys add FILE --role ROLE`.',
  ),
  tls_failed: row(
    'UNAUTHENTICATED',
    EXIT.unreachable,
    'Give both sides certificates of one CA: asyncdiff certs DIR --hosts NAME,NAME.',
  ),
  protocol_mismatch: row(
    'FAILED_PRECONDITION',
    EXIT.failure,
    'Run the same asyncdiff version on every host.',
  ),
  port_in_use: row('ALREADY_EXISTS', EXIT.usage, 'Choose another port, or 0 for any free one.'),
  address_invalid: row('INVALID_ARGUMENT', EXIT.usage, 'Write addresses as HOST:PORT.'),
  message_too_large: row('RESOURCE_EXHAUSTED', EXIT.failure, 'Raise --max-message-mb on both sides.'),
  not_finite: row(
    'DATA_LOSS',
    EXIT.failure,
    'Try float32 weights, another scheduler or a lower guidance scale.',
  ),
  cancelled: row('CANCELLED', EXIT.failure, 'The job was cancelled; submit it again if that was not meant.'),
  deadline_exceeded: row(
    'DEADLINE_EXCEEDED',
    EXIT.deadline,
    'Allow more time, or look for a slow worker with --trace-file.',
    true,
  ),
  job_not_found: row(
    'NOT_FOUND',
    EXIT.usage,
    'Check the id; the coordinator forgets jobs some time after they have ended, and when it stops.',
  ),
  queue_full: row(
    'RESOURCE_EXHAUSTED',
    EXIT.failure,
    'Wait until a job has ended, or raise --max-queue.',
    true,
  ),
  replay_impossible: row(
    'FAILED_PRECONDITION',
    EXIT.usage,
    'Give the report of a run of this model and version, and workers like those that it names.',
  ),
  results_differ: row(
    'DATA_LOSS',
    EXIT.failure,
    'The same plan must give the same bits: look for workers of mixed versions or devices, then report it.',
  ),
  internal: row(
    'INTERNAL',
    EXIT.failure,
    'This is a fault of asyncdiff: report it with the stack (run again with -v).',
  ),
} satisfies Record<string, ErrorRow>);

/** What a program may branch on; a code never changes its meaning. */
export type ErrorCode = keyof typeof ERRORS;
