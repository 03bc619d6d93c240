// Original file: proto/asyncdiff/v1/worker.proto


/**
 * Tensors of a producer cannot come: it could not be dialled, or its stream ended. The deployment can run no further job.
 */
export interface LinkDown {
  'deploymentId'?: (string);
  'producerId'?: (string);
  'message'?: (string);
}

/**
 * Tensors of a producer cannot come: it could not be dialled, or its stream ended. The deployment can run no further job.
 */
export interface LinkDown__Output {
  'deploymentId': (string);
  'producerId': (string);
  'message': (string);
}
