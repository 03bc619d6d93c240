import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AsyncDiffError } from '../../common/errors/index.js';
import type { DType } from '../../common/tensor/index.js';
import { dtypeOfProfileName } from './data-type.js';
import { writesOf } from '../../common/model-file/index.js';
import type { NodeProto } from '../../common/model-file/index.js';
import { checkCancelled, openSession } from '../../execution/index.js';
import { profileInputs } from './profile-inputs.js';
import type { ValueSpec } from '../../common/tensor/index.js';

/** What a profiled run says of one node. */
export interface NodeProfile {
  /** Median time of one run, milliseconds. */
  readonly medianMs: number;
  /** Type and shape of each value that it writes. */
  readonly outputs: readonly ValueSpec[];
}

/** How to time a graph. */
export interface ProfileSettings {
  readonly threads: number;
  /** Runs that are not counted: memory is allocated and caches fill in the first. */
  readonly warmUpRuns: number;
  readonly minRuns: number;
  readonly maxRuns: number;
  /** Stop after this long once `minRuns` are done, milliseconds. */
  readonly budgetMs: number;
}

/** One warm-up run, then 3 to 15 runs within two seconds. */
export const DEFAULT_PROFILE: Omit<ProfileSettings, 'threads'> = Object.freeze({
  warmUpRuns: 1,
  minRuns: 3,
  maxRuns: 15,
  budgetMs: 2000,
});

/** An event of ONNX Runtime's profile; other fields are of no use here. */
interface ProfileEvent {
  readonly cat?: string;
  readonly name?: string;
  readonly dur?: number;
  readonly args?: { readonly output_type_shape?: readonly Readonly<Record<string, readonly number[]>>[] };
}

const KERNEL_SUFFIX = '_kernel_time';

/**
 * Runs a graph with ONNX Runtime's profiler on the CPU provider and returns what it says of each node, by node name. The
 * graph is run as it is, not optimised further, so that its nodes are those of the profile.
 *
 * @param nodes The graph's nodes, each with a name of its own.
 * @param workFolder A folder for the profile.
 */
export async function profileGraph(
  modelPath: string,
  nodes: readonly NodeProto[],
  inputs: readonly ValueSpec[],
  timestepInput: string,
  settings: ProfileSettings,
  workFolder: string,
  signal?: AbortSignal,
): Promise<Map<string, NodeProfile>> {
  const folder = join(workFolder, 'profile');
  mkdirSync(folder, { recursive: true });
  const session = await openSession(modelPath, modelPath, {
    graphOptimizationLevel: 'disabled',
    intraOpNumThreads: settings.threads,
    interOpNumThreads: 1,
    enableProfiling: true,
    profileFilePrefix: join(folder, 'run'),
  });
  try {
    const feeds = profileInputs(inputs, timestepInput);
    const started = performance.now();
    for (let run = 0; run < settings.warmUpRuns + settings.maxRuns; run++) {
      checkCancelled(signal);
      await session.run(feeds);
      const enough = run + 1 >= settings.warmUpRuns + settings.minRuns;
      if (enough && performance.now() - started > settings.budgetMs) break;
    }
  } catch (error) {
    if (error instanceof AsyncDiffError) throw error;
    throw new AsyncDiffError(
      'model_invalid',
      `ONNX Runtime cannot run the model: ${(error as Error).message}`,
      { cause: error },
    );
  } finally {
    // The profile is written now.
    await session.release();
  }
  const [file] = readdirSync(folder);
  if (file === undefined) throw new AsyncDiffError('internal', 'ONNX Runtime wrote no profile');
  return readProfile(readFileSync(join(folder, file), 'utf8'), nodes, settings.warmUpRuns);
}

/** Node times and output shapes out of the text of a profile. Events of other nodes (subgraphs) are passed over. */
export function readProfile(
  text: string,
  nodes: readonly NodeProto[],
  warmUpRuns: number,
): Map<string, NodeProfile> {
  const events = new Map<string, ProfileEvent[]>();
  for (const event of parseEvents(text)) {
    if (event.cat !== 'Node' || !event.name?.endsWith(KERNEL_SUFFIX)) continue;
    const name = event.name.slice(0, -KERNEL_SUFFIX.length);
    const list = events.get(name);
    if (list) list.push(event);
    else events.set(name, [event]);
  }
  return new Map(
    nodes.map((node) => {
      const own = events.get(node.name ?? '') ?? [];
      const timed = own.slice(Math.min(warmUpRuns, own.length - 1));
      const durations = timed.map((event) => event.dur ?? 0).sort((a, b) => a - b);
      const medianMs = (durations[durations.length >> 1] ?? 0) / 1000;
      return [node.name ?? '', { medianMs, outputs: outputSpecs(node, own.at(-1)) }];
    }),
  );
}

function parseEvents(text: string): ProfileEvent[] {
  try {
    return JSON.parse(text) as ProfileEvent[];
  } catch {
    // A profile that was cut off ends in the middle of an event: its whole lines are good.
    return text.split('\n').flatMap((line) => {
      try {
        return [JSON.parse(line.trim().replace(/,$/, '')) as ProfileEvent];
      } catch {
        return [];
      }
    });
  }
}

function outputSpecs(node: NodeProto, event: ProfileEvent | undefined): ValueSpec[] {
  const shapes = event?.args?.output_type_shape ?? [];
  const written = writesOf(node);
  // Outputs that are left out may or may not have an entry.
  const names = shapes.length === written.length ? written : (node.output ?? []);
  return names.flatMap((name, index) => {
    const entry = Object.entries(shapes[index] ?? {})[0];
    if (name === '') return [];
    const dtype: DType | undefined = dtypeOfProfileName(entry?.[0] ?? '');
    if (entry === undefined || dtype === undefined) {
      throw new AsyncDiffError(
        'model_unsupported',
        `node ${node.name ?? ''} (${node.op_type ?? ''}): its output ${name} is not a tensor of a supported type (${entry?.[0] ?? 'it did not run'})`,
      );
    }
    return [{ name, dtype, dims: [...entry[1]] }];
  });
}
