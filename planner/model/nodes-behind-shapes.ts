import { type NodeProto, readsOf, writesOf } from '../../common/model-file/index.js';
import type { Skeleton } from './skeleton.js';

/** The nodes that compute, from constants alone, what the makers of values without a shape read. */
export function nodesBehindShapes(
  { nodes, constants, weights }: Skeleton,
  open: readonly string[],
): Set<string> {
  const wanted = new Set(open);
  const makers = new Map<string, NodeProto>();
  const read: string[] = [];
  for (const node of nodes) {
    const isConstant = readsOf(node).every(
      (name) => constants.has(name) || weights.has(name) || makers.has(name),
    );
    if (isConstant) for (const name of writesOf(node)) makers.set(name, node);
    if (writesOf(node).some((name) => wanted.has(name))) read.push(...readsOf(node), ...writesOf(node));
  }
  const needed = new Set<string>();
  for (let name = read.pop(); name !== undefined; name = read.pop()) {
    const maker = makers.get(name);
    if (maker === undefined || needed.has(maker.name ?? '')) continue;
    needed.add(maker.name ?? '');
    read.push(...readsOf(maker));
  }
  return needed;
}
