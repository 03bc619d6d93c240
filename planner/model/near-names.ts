/** The `count` names of `names` that look most like `wanted`, nearest first: common pairs of characters count. */
export function nearest(wanted: string, names: readonly string[], count: number): string[] {
  const target = pairs(wanted);
  const scored = names.map((name) => ({ name, score: likeness(target, pairs(name)) }));
  return scored
    .filter(({ score }) => score > 0.3)
    .sort((a, b) => b.score - a.score || (a.name < b.name ? -1 : 1))
    .slice(0, count)
    .map(({ name }) => name);
}

function pairs(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  const lower = text.toLowerCase();
  for (let at = 0; at + 1 < lower.length; at++) {
    const pair = lower.slice(at, at + 2);
    counts.set(pair, (counts.get(pair) ?? 0) + 1);
  }
  return counts;
}

/** Dice's coefficient: 1 for equal texts, 0 for texts without a common pair. */
function likeness(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  let common = 0;
  let total = 0;
  for (const [pair, count] of a) {
    common += Math.min(count, b.get(pair) ?? 0);
    total += count;
  }
  for (const count of b.values()) total += count;
  return total === 0 ? 0 : (2 * common) / total;
}
