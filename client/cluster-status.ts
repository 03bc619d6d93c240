/** What a coordinator says of itself and its workers. */
export interface ClusterStatus {
  /** Version of asyncdiff on the coordinator. */
  readonly version: string;
  /** Folder of its model, on its host; empty where it has none. */
  readonly model: string;
  readonly workers: readonly WorkerStatus[];
  readonly queuedJobs: number;
  readonly runningJobs: number;
  /** Why no job could be placed now; empty where one could. */
  readonly notReady: string;
  /** Workers that were here and are not, the last first. */
  readonly absent: readonly AbsentWorker[];
}

/** A worker that was lost and has not come back, or that an earlier coordinator in this one's place had. */
export interface AbsentWorker {
  readonly name: string;
  /** In words. */
  readonly why: string;
  /** Since it was lost; undefined for one that may be about to join. */
  readonly secondsAgo?: number | undefined;
}

/** A worker that is registered. */
export interface WorkerStatus {
  readonly workerId: string;
  /** For people; unique at its coordinator. */
  readonly name: string;
  /** `resting` (it was late, and is used only where there is no other), `idle`, `deploying`, `ready`, `busy` or `lost`. */
  readonly state: string;
  /** Why it is not used as the others are; empty where it is. */
  readonly note: string;
  /** `cpu`, `cuda:0`, `webgpu`, ... */
  readonly device: string;
  /** ONNX Runtime threads. */
  readonly threads: number;
  /** HOST:PORT at which other workers reach it. */
  readonly address: string;
  readonly hostName: string;
  /** Same for workers that share memory and loopback. */
  readonly hostId: string;
  /** Same for workers on one piece of hardware. */
  readonly machineId: string;
  readonly version: string;
  readonly onnxruntimeVersion: string;
  readonly nodeVersion: string;
  /** Milliseconds there and back. */
  readonly roundTripMs: number;
  /** Speed beside the other workers, as its user says. */
  readonly speed: number;
  readonly declared: boolean;
  /** Set where `declared` is. */
  readonly declaredDevice: DeclaredDeviceStatus | null;
}

/** What a declared device stands in for. It needs no model: inputs of these shapes are enough for `denoise`. */
export interface DeclaredDeviceStatus {
  readonly profile: string;
  /** The noise predictor. */
  readonly model: string;
  /** The GPU. */
  readonly device: string;
  /** Factor on the published times. */
  readonly timeDilation: number;
  /** Of the predictor's inputs; 2 with classifier-free guidance. */
  readonly batch: number;
  readonly sampleInput: string;
  readonly timestepInput: string;
  /** Names, element types and shapes of the predictor's inputs. */
  readonly inputs: readonly {
    readonly name: string;
    readonly dtype: string;
    readonly dims: readonly number[];
  }[];
}
