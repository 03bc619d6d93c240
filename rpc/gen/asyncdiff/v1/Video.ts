// Original file: proto/asyncdiff/v1/coordinator.proto


export interface Video {
  /**
   * Of each video.
   */
  'frames'?: (number);
  /**
   * Frames a second.
   */
  'fps'?: (number | string);
}

export interface Video__Output {
  /**
   * Of each video.
   */
  'frames': (number);
  /**
   * Frames a second.
   */
  'fps': (number);
}
