// Original file: proto/asyncdiff/v1/coordinator.proto


export interface Preview {
  'step'?: (number);
  /**
   * PNG.
   */
  'image'?: (Buffer | Uint8Array | string);
}

export interface Preview__Output {
  'step': (number);
  /**
   * PNG.
   */
  'image': (Buffer);
}
