/** A tensor at one version. */
export interface VersionedTensor {
  readonly name: string;
  readonly version: number;
}

/** A boundary tensor that a task reads. */
export interface Read extends VersionedTensor {
  /** Where it lies between two versions: `share` of `version`, the rest of this older one, element by element. */
  readonly blend?: { readonly version: number; readonly share: number } | undefined;
  /** The session's input that it is, where that is not called like it: a state of the item before. */
  readonly input?: string | undefined;
}

/** One run of one segment: the unit of work. Everything that it reads is named, so that nothing depends on timing. */
export interface Task {
  /** Unique within a job; see {@link taskId}. */
  readonly id: string;
  readonly round: number;
  readonly component: number;
  readonly segment: string;
  /** j: 0..S-1 for component N, 0 for the others. */
  readonly run: number;
  /** Step whose latents it computes on. */
  readonly sampleStep: number;
  /** Step whose timestep it is given. */
  readonly timestepStep: number;
  /** The latents that it reads, if its segment reads any; version: the step whose latents were known when they were made. */
  readonly latents: VersionedTensor;
  readonly reads: readonly Read[];
  /** Version of what it makes, and of the values of its own component that it reads: the round, or with look-ahead the step it is made for. */
  readonly version: number;
  /** All of `version`. Empty for runs of component N before its last one in the round. */
  readonly writes: readonly VersionedTensor[];
  /** Step whose noise prediction it produces; undefined for segments that do not write the output. */
  readonly epsStep: number | undefined;
}

/** `r<round>/<segment>/j<run>`, and `@<version>` where that is not the round. */
export function taskId({
  round,
  segment,
  run,
  version,
}: Pick<Task, 'round' | 'segment' | 'run' | 'version'>): string {
  const id = `r${round}/${segment}/j${run}`;
  return version === round ? id : `${id}@${version}`;
}
