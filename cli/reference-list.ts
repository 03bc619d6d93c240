import { join } from 'node:path';
import { throwIfAborted } from '../common/abort.js';
import { AsyncDiffError } from '../common/errors/index.js';
import { packageVersion } from '../common/package.js';
import { findRuntime } from '../common/runtime-package.js';
import type { PlanSettings } from '../common/settings/index.js';
import type { Tensor, ValueSpec } from '../common/tensor/index.js';
import { checkedItems } from '../coordinator/jobs/index.js';
import { describeRuntimes, firstStates, isTensor, openOrtSession, parseDevice } from '../execution/index.js';
import { defaultWorkDir, describeInputs, exportWhole, resolveShapes } from '../planner/index.js';
import type { ProgressLine } from './progress.js';
import type { GivenList } from './run-inputs.js';

type Named = Readonly<Record<string, Tensor>>;

interface ReferenceListWork extends GivenList {
  readonly settings: PlanSettings;
  readonly progress: ProgressLine;
  readonly signal: AbortSignal;
  /** @param item its place in the list */
  readonly onItem: (item: number, outputs: Named) => Promise<void>;
}

/**
 * `run --reference`: the file as it is, in one session of this process, one item after another; the answer that every run on workers
 * equals bit for bit on the same device and thread count.
 * @throws AsyncDiffError what a coordinator refuses a list with, `usage` for a declared device, `cancelled`
 */
export async function referenceList(
  flags: {
    readonly model: string;
    readonly device?: string;
    readonly threads?: number;
    readonly cache?: string;
  },
  work: ReferenceListWork,
) {
  const { settings, progress, signal, onItem } = work;
  const { device: text = 'cpu', threads = 1 } = flags;
  const device = parseDevice(text);
  if (device.kind === 'declared')
    throw new AsyncDiffError('usage', 'the reference computes; a declared device does not');
  const carried = work.states.map(({ output, input }) => ({ value: output, input }));
  const { items, inputs } = checkedItems({
    ...work,
    modelPath: flags.model,
    states: carried,
    trace: false,
  });
  const { sha256, artifacts } = await exportWhole(
    flags.model,
    flags.cache === undefined ? defaultWorkDir() : join(flags.cache, 'plans'),
  );
  const graphPath = artifacts.get(sha256)?.path ?? flags.model;
  const session = await openOrtSession(
    { graphPath, tensors: artifacts },
    { device, threads, optimizationLevel: settings.optimizationLevel },
  );
  const startMs = performance.now();
  try {
    const given = { ...inputs, ...items[0] };
    let states = carried.length === 0 ? {} : firstStates(carried, inputSpecs(flags.model, given), given);
    for (const [at, item] of items.entries()) {
      throwIfAborted(signal);
      const read = carried.map(({ input, value }) => [input, states[value] as Tensor] as const);
      const made = await session.run({ ...inputs, ...item, ...Object.fromEntries(read) });
      const outputs = Object.entries(made).filter((entry): entry is [string, Tensor] => isTensor(entry[1]));
      const isState = (name: string): boolean => carried.some(({ value }) => value === name);
      states = Object.fromEntries(outputs.filter(([name]) => isState(name)));
      await onItem(at, Object.fromEntries(outputs.filter(([name]) => !isState(name))));
      progress.update('reference', at + 1, items.length);
    }
    const seconds = (performance.now() - startMs) / 1000;
    const perSecond = items.length / seconds;
    const runtime = describeRuntimes([
      { device: text, threads, onnxruntimeVersion: findRuntime()?.version ?? '' },
    ]);
    return {
      states,
      line: `${perSecond.toFixed(2)} items/s in this process`,
      document: {
        reference: true,
        items: items.length,
        seconds,
        items_per_second: perSecond,
        version: packageVersion,
        runtimes: [runtime],
      },
    };
  } finally {
    await session.release();
  }
}

/** Inputs of the file, in the shapes that the given ones say. */
function inputSpecs(modelPath: string, given: Named): ValueSpec[] {
  const shapes = Object.fromEntries(Object.entries(given).map(([name, { dims }]) => [name, dims]));
  const { inputs } = describeInputs(modelPath);
  return resolveShapes({ inputs, sample: undefined, timestep: undefined }, shapes);
}
