// Original file: proto/asyncdiff/v1/coordinator.proto


export interface GetStatusRequest {
}

export interface GetStatusRequest__Output {
}
