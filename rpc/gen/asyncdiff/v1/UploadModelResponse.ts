// Original file: proto/asyncdiff/v1/coordinator.proto


export interface UploadModelResponse {
  /**
   * True if the coordinator had it already and the upload was cut short.
   */
  'known'?: (boolean);
}

export interface UploadModelResponse__Output {
  /**
   * True if the coordinator had it already and the upload was cut short.
   */
  'known': (boolean);
}
