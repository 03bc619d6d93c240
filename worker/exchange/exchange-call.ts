import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { ExchangeRequest__Output } from '../../rpc/gen/asyncdiff/v1/ExchangeRequest.js';
import type { TensorFrame } from '../../rpc/gen/asyncdiff/v1/TensorFrame.js';

/** A consumer's stream, at its producer. */
export type ExchangeCall = ServerDuplexStream<ExchangeRequest__Output, TensorFrame>;

/** In the producer's headers, where it has opened the ring that the consumer offered. */
export const SHARED_MEMORY_HEADER = 'asyncdiff-shared-memory';

/** In the producer's headers: bytes from which on credit is worth a message. Up to so many are as good as none in flight. */
export const CREDIT_HEADER = 'asyncdiff-credit-bytes';
