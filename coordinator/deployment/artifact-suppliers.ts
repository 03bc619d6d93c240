/** A worker, as far as giving and getting artifacts goes. */
interface ArtifactParty {
  readonly id: string;
  /** What its part needs. */
  readonly needs: ReadonlySet<string>;
  /** What it is known to have. */
  readonly holds: ReadonlySet<string>;
  /** It reads the coordinator's own files, and gets nothing over the network. */
  readonly readsFiles: boolean;
}

export interface SupplyPlan {
  /** By worker, then by artifact: the worker that is asked before the coordinator. */
  readonly suppliers: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** By worker: artifacts that its own part does not need, and that it is to give to others. */
  readonly gives: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Smaller artifacts come from the coordinator: a connection between two workers would cost more than it spares. */
const MIN_SHARED_BYTES = 256 << 10;

/**
 * Who gets which artifact from whom. What a worker has is taken from it; what several need and none has goes to one of them from the
 * coordinator, and from there to the others, so that the coordinator sends everything once: its link is the one that all would share. Of
 * several who could give, or get it first, the one with the fewest bytes to move is taken.
 *
 * @param sizeOf bytes of an artifact
 * @param isReachable whether `to` can dial `from`
 */
export function supplyPlan(
  parties: readonly ArtifactParty[],
  sizeOf: (sha256: string) => number,
  isReachable: (from: string, to: string) => boolean,
): SupplyPlan {
  const suppliers = new Map(parties.map(({ id }) => [id, new Map<string, string>()]));
  const gives = new Map(parties.map(({ id }) => [id, new Set<string>()]));
  const movedBytes = new Map<string, number>();
  const leastBusy = (candidates: readonly ArtifactParty[]): ArtifactParty | undefined =>
    candidates.reduce<ArtifactParty | undefined>(
      (least, each) =>
        least === undefined || (movedBytes.get(each.id) ?? 0) < (movedBytes.get(least.id) ?? 0)
          ? each
          : least,
      undefined,
    );
  for (const sha256 of new Set(parties.flatMap(({ needs }) => [...needs]))) {
    const sizeBytes = sizeOf(sha256);
    if (sizeBytes < MIN_SHARED_BYTES) continue;
    const getting = parties.filter(
      ({ needs, holds, readsFiles }) => needs.has(sha256) && !holds.has(sha256) && !readsFiles,
    );
    const holders = parties.filter(({ holds }) => holds.has(sha256));
    const first = holders.length > 0 || getting.length < 2 ? undefined : leastBusy(getting);
    if (first !== undefined) movedBytes.set(first.id, (movedBytes.get(first.id) ?? 0) + sizeBytes);
    for (const { id } of getting) {
      if (id === first?.id) continue;
      const able = (first === undefined ? holders : [first]).filter((from) => isReachable(from.id, id));
      const from = leastBusy(able);
      if (from === undefined) continue;
      suppliers.get(id)?.set(sha256, from.id);
      movedBytes.set(from.id, (movedBytes.get(from.id) ?? 0) + sizeBytes);
      if (!from.needs.has(sha256)) gives.get(from.id)?.add(sha256);
    }
  }
  return { suppliers, gives };
}
