import { join } from 'node:path';
import { RUN_SETTINGS, runSettings } from '../../execution/index.js';
import type { Command } from 'commander';
import type { RunOptions } from '../../client/index.js';
import { AsyncDiffError } from '../../common/errors/index.js';
import { entriesOf, PLAN_SETTINGS } from '../../common/settings/index.js';
import { writeNpy } from '../../common/npy/index.js';
import type { Tensor } from '../../common/tensor/index.js';
import {
  addClusterFlags,
  addModel,
  checkReference,
  type ClusterFlags,
  openModelCluster,
} from '../cluster-flags.js';
import { flag } from '../flag.js';
import { type CommandIo, writeJson } from '../io.js';
import { prepareFile, prepareFolder } from '../output.js';
import { collect } from '../numbers.js';
import { addPlanFlags, oneWorkerEach, type PlanFlags, toPlanOptions } from '../plan-flags.js';
import { ProgressLine } from '../progress.js';
import { fileName, readList } from '../run-inputs.js';
import { listDocument } from '../run-document.js';
import { watchJob } from '../watch-job.js';
import { writeTrace } from '../write-trace.js';

interface RunFlags extends ClusterFlags, PlanFlags {
  readonly model: string;
  readonly input: string[];
  readonly state?: string[];
  readonly out: string;
  readonly reference?: boolean;
  readonly traceFile?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const SCHEMA = 'asyncdiff.run/1';

export function register(command: Command, io: CommandIo): void {
  command
    .requiredOption('--model <file>', 'the model, an ONNX file: anything that needs no sampler')
    .requiredOption(
      '--input <name=file.npy>',
      "an input by the graph's name for it: repeated, or as a folder of .npy files in the order of their names, the list; one file where others have several is the same for every item",
      collect,
    )
    .option(
      '--state <output=input>',
      'feed this input with what the item before made as that output; the first one with --input, or zeros (repeatable)',
      collect,
    );
  const taken: readonly string[] = RUN_SETTINGS;
  const without = entriesOf(PLAN_SETTINGS)
    .map(([name]) => name)
    .filter((name) => !taken.includes(name));
  addPlanFlags(addClusterFlags(command), { without })
    .requiredOption('--out <folder>', 'outputs: 0000-<output>.npy, 0001-<output>.npy, ...')
    .option(
      '--reference',
      'run the whole file in this process, one item after another: the answer that other runs must equal',
    )
    .addOption(
      flag('--trace-file <file>', 'write a timeline of all hosts (Chrome trace JSON, opens in Perfetto)'),
    )
    .option('--json', 'print one JSON document')
    .option('--quiet', 'no progress')
    .action((flags: RunFlags) => run(flags, io));
}

export async function run(flags: RunFlags, io: CommandIo): Promise<void> {
  checkReference(flags, io);
  const plan = toPlanOptions(flags);
  // Checked here as well, so that a wrong setting costs no start of workers.
  const settings = runSettings(plan);
  const list = await readList(flags);
  await prepareFolder(flags.out);
  if (flags.traceFile !== undefined) await prepareFile(flags.traceFile);
  const progress = new ProgressLine(io, flags.quiet === true);
  const outputs: Record<string, string>[] = [];
  const onItem = async (item: number, made: Readonly<Record<string, Tensor>>): Promise<void> => {
    outputs[item] = await write(flags.out, (name) => fileOf(item, name), made);
  };
  try {
    const { states, document, line } =
      flags.reference === true
        ? await (await import('../reference-list.js')).referenceList(flags, {
            ...list,
            settings,
            progress,
            signal: io.signal,
            onItem,
          })
        : await distributed(flags, io, { ...list, plan, progress, onItem });
    const stateFiles = await write(flags.out, (name) => `state-${fileName(name)}.npy`, states);
    if (flags.json === true)
      writeJson(io, { schema: SCHEMA, out: flags.out, outputs, states: stateFiles, ...document });
    else {
      const count = list.items.length;
      io.stdout.write(`${flags.out}: ${count} item${count === 1 ? '' : 's'}, ${line}\n`);
    }
  } finally {
    progress.clear();
  }
}

async function distributed(
  flags: RunFlags,
  io: CommandIo,
  work: Pick<RunOptions, 'items' | 'inputs' | 'states' | 'plan'> & {
    readonly progress: ProgressLine;
    readonly onItem: (item: number, outputs: Readonly<Record<string, Tensor>>) => Promise<void>;
  },
) {
  const { progress, onItem, ...list } = work;
  const cluster = await openModelCluster(flags, io, oneWorkerEach(flags));
  try {
    const modelSha256 = await addModel(cluster, flags.model, io.signal);
    const trace = flags.traceFile !== undefined;
    const job = cluster.client.run({ ...list, modelSha256, trace, signal: io.signal });
    const done = await watchJob(
      job,
      progress,
      'running',
      (event) => (event.type === 'output' ? onItem(event.item, event.outputs) : undefined),
      'items',
    );
    if (flags.traceFile !== undefined) await writeTrace(flags.traceFile, done.trace);
    const document = listDocument(done.report);
    const rates = `predicted ${rate(document.predicted_items_per_second)}, on one worker ${rate(document.one_worker_items_per_second)}`;
    return {
      states: done.states,
      document,
      line: `${rate(document.items_per_second)} items/s (${rates})`,
    };
  } finally {
    await cluster.close();
  }
}

function rate(perSecond: number): string {
  return perSecond.toFixed(2);
}

async function write(
  folder: string,
  named: (name: string) => string,
  tensors: Readonly<Record<string, Tensor>>,
): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const [name, tensor] of Object.entries(tensors)) {
    const path = join(folder, named(name));
    if (Object.values(files).includes(path))
      throw new AsyncDiffError('invalid_settings', `two outputs would be written to ${path}`);
    await writeNpy(path, tensor);
    files[name] = path;
  }
  return files;
}

function fileOf(item: number, output: string): string {
  return `${String(item).padStart(4, '0')}-${fileName(output)}.npy`;
}
