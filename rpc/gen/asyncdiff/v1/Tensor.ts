// Original file: proto/asyncdiff/v1/tensor.proto


/**
 * A tensor small enough for one message: conditioning, latents, results.
 */
export interface Tensor {
  /**
   * Element type in ONNX Runtime's words: float32, float16, int64, ...
   */
  'dtype'?: (string);
  'dims'?: (number)[];
  /**
   * Raw row-major little-endian elements.
   */
  'data'?: (Buffer | Uint8Array | string);
}

/**
 * A tensor small enough for one message: conditioning, latents, results.
 */
export interface Tensor__Output {
  /**
   * Element type in ONNX Runtime's words: float32, float16, int64, ...
   */
  'dtype': (string);
  'dims': (number)[];
  /**
   * Raw row-major little-endian elements.
   */
  'data': (Buffer);
}
