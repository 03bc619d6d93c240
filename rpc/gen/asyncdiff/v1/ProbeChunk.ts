// Original file: proto/asyncdiff/v1/worker.proto


export interface ProbeChunk {
  'data'?: (Buffer | Uint8Array | string);
}

export interface ProbeChunk__Output {
  'data': (Buffer);
}
