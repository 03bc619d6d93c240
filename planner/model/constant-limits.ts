import { AsyncDiffError } from '../../common/errors/index.js';
import { readsOf, writesOf } from '../../common/model-file/index.js';
import { elementCount } from '../../common/tensor/index.js';
import { LIMITS, shown } from '../../common/settings/index.js';
import type { InferredValue } from './infer-values.js';
import type { Skeleton } from './skeleton.js';

const MAX_CONSTANT_ELEMENTS = LIMITS.constantElements.max;

/** Refuses a graph in which some constant would fill the memory of whoever opens it. Throws `model_unsupported`. */
export function checkConstants(skeleton: Skeleton, inferred: ReadonlyMap<string, InferredValue>): void {
  const constant = new Set([...skeleton.constants.keys(), ...skeleton.weights.keys()]);
  for (const node of skeleton.nodes) {
    if (!readsOf(node).every((name) => constant.has(name))) continue;
    for (const name of writesOf(node)) {
      constant.add(name);
      const elements = elementCount(inferred.get(name)?.dims ?? []);
      if (elements <= MAX_CONSTANT_ELEMENTS) continue;
      throw new AsyncDiffError(
        'model_unsupported',
        `node ${shown(node.name ?? '')} (${node.op_type ?? ''}) makes a constant of ${elements.toLocaleString('en')} elements; at most ${MAX_CONSTANT_ELEMENTS.toLocaleString('en')} are allowed`,
      );
    }
  }
}
