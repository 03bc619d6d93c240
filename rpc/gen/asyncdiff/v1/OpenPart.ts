// Original file: proto/asyncdiff/v1/worker.proto

import type { Artifact as _asyncdiff_v1_Artifact, Artifact__Output as _asyncdiff_v1_Artifact__Output } from '../../asyncdiff/v1/Artifact.js';

/**
 * A part of a pipeline beside its noise predictor, a text encoder or a half of a VAE, whole: it is opened when it is needed, and closed when its
 * memory is. It travels as a deployment does: `deployment_id` of NeedArtifacts, DeployProgress and ArtifactClaim is then the `part_id`.
 */
export interface OpenPart {
  /**
   * Of this opening alone: whatever names one that is no longer there does nothing.
   */
  'partId'?: (string);
  /**
   * For people: vae_decoder.
   */
  'name'?: (string);
  /**
   * SHA-256 of its graph.
   */
  'graphSha256'?: (string);
  /**
   * The graph and the tensors that it names.
   */
  'artifacts'?: (_asyncdiff_v1_Artifact)[];
  /**
   * 32 random bytes of this opening, for its artifacts.
   */
  'secret'?: (Buffer | Uint8Array | string);
}

/**
 * A part of a pipeline beside its noise predictor, a text encoder or a half of a VAE, whole: it is opened when it is needed, and closed when its
 * memory is. It travels as a deployment does: `deployment_id` of NeedArtifacts, DeployProgress and ArtifactClaim is then the `part_id`.
 */
export interface OpenPart__Output {
  /**
   * Of this opening alone: whatever names one that is no longer there does nothing.
   */
  'partId': (string);
  /**
   * For people: vae_decoder.
   */
  'name': (string);
  /**
   * SHA-256 of its graph.
   */
  'graphSha256': (string);
  /**
   * The graph and the tensors that it names.
   */
  'artifacts': (_asyncdiff_v1_Artifact__Output)[];
  /**
   * 32 random bytes of this opening, for its artifacts.
   */
  'secret': (Buffer);
}
