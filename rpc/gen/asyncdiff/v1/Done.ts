// Original file: proto/asyncdiff/v1/coordinator.proto

import type { RunReport as _asyncdiff_v1_RunReport, RunReport__Output as _asyncdiff_v1_RunReport__Output } from '../../asyncdiff/v1/RunReport.js';
import type { Tensor as _asyncdiff_v1_Tensor, Tensor__Output as _asyncdiff_v1_Tensor__Output } from '../../asyncdiff/v1/Tensor.js';
import type { Video as _asyncdiff_v1_Video, Video__Output as _asyncdiff_v1_Video__Output } from '../../asyncdiff/v1/Video.js';

export interface Done {
  'report'?: (_asyncdiff_v1_RunReport | null);
  /**
   * PNG, one per image (Generate); of videos their frames, video after video.
   */
  'images'?: (Buffer | Uint8Array | string)[];
  /**
   * Final latents (Denoise; also Generate).
   */
  'latents'?: (_asyncdiff_v1_Tensor | null);
  /**
   * Chrome trace JSON, if asked for.
   */
  'trace'?: (string);
  /**
   * Set where the images are frames of videos.
   */
  'video'?: (_asyncdiff_v1_Video | null);
  /**
   * WAV, one per sound (Generate).
   */
  'audio'?: (Buffer | Uint8Array | string)[];
  /**
   * Of Run: states after the last item, by the name of the output.
   */
  'states'?: ({[key: string]: _asyncdiff_v1_Tensor});
  /**
   * Final latents of Denoise by the graph's names, where there are several; `latents` is then the first.
   */
  'jointLatents'?: ({[key: string]: _asyncdiff_v1_Tensor});
}

export interface Done__Output {
  'report': (_asyncdiff_v1_RunReport__Output | null);
  /**
   * PNG, one per image (Generate); of videos their frames, video after video.
   */
  'images': (Buffer)[];
  /**
   * Final latents (Denoise; also Generate).
   */
  'latents': (_asyncdiff_v1_Tensor__Output | null);
  /**
   * Chrome trace JSON, if asked for.
   */
  'trace': (string);
  /**
   * Set where the images are frames of videos.
   */
  'video': (_asyncdiff_v1_Video__Output | null);
  /**
   * WAV, one per sound (Generate).
   */
  'audio': (Buffer)[];
  /**
   * Of Run: states after the last item, by the name of the output.
   */
  'states': ({[key: string]: _asyncdiff_v1_Tensor__Output});
  /**
   * Final latents of Denoise by the graph's names, where there are several; `latents` is then the first.
   */
  'jointLatents': ({[key: string]: _asyncdiff_v1_Tensor__Output});
}
