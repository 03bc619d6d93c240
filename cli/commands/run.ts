import { join } from 'node:path';
import { RUN_SETTINGS, runSettings } from '../../execution/index.js';
import type { Command } from 'commander';
import { AsyncDiffError } from '../../common/errors/index.js';
import { entriesOf, PLAN_SETTINGS } from '../../common/settings/index.js';
import { writeNpy } from '../../common/npy/index.js';
import type { Tensor } from '../../common/tensor/index.js';
import { addClusterFlags, addModel, type ClusterFlags, openModelCluster } from '../cluster-flags.js';
import { type CommandIo, writeJson } from '../io.js';
import { prepareFile } from '../output.js';
import { collect } from '../numbers.js';
import { addPlanFlags, oneWorkerEach, type PlanFlags, toPlanOptions } from '../plan-flags.js';
import { ProgressLine } from '../progress.js';
import { fileName, readList } from '../run-inputs.js';
import { listDocument } from '../run-document.js';
import { watchJob } from '../watch-job.js';

export interface RunFlags extends ClusterFlags, PlanFlags {
  readonly model: string;
  readonly input: string[];
  readonly state?: string[];
  readonly out: string;
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
    .option('--json', 'print one JSON document')
    .option('--quiet', 'no progress')
    .action((flags: RunFlags) => run(flags, io));
}

export async function run(flags: RunFlags, io: CommandIo): Promise<void> {
  const plan = toPlanOptions(flags);
  // Checked here as well, so that a wrong setting costs no start of workers.
  runSettings(plan);
  const { items, inputs, states } = await readList(flags);
  await prepareFile(join(flags.out, fileOf(0, 'output')));
  const progress = new ProgressLine(io, flags.quiet === true);
  try {
    const cluster = await openModelCluster(flags, io, oneWorkerEach(flags));
    try {
      const modelSha256 = await addModel(cluster, flags.model, io.signal);
      const job = cluster.client.run({ modelSha256, items, inputs, states, plan, signal: io.signal });
      const files: Record<string, string>[] = [];
      const { report, states: last } = await watchJob(job, progress, 'running', async (event) => {
        if (event.type === 'output')
          files[event.item] = await write(flags.out, (name) => fileOf(event.item, name), event.outputs);
      });
      const stateFiles = await write(flags.out, (name) => `state-${fileName(name)}.npy`, last);
      const document = listDocument(report);
      if (flags.json === true)
        writeJson(io, { schema: SCHEMA, out: flags.out, outputs: files, states: stateFiles, ...document });
      else
        io.stdout.write(
          `${flags.out}: ${items.length} item${items.length === 1 ? '' : 's'}, ${document.items_per_second.toFixed(2)} items/s (predicted ${document.predicted_items_per_second.toFixed(2)}, on one worker ${document.one_worker_items_per_second.toFixed(2)})\n`,
        );
    } finally {
      await cluster.close();
    }
  } finally {
    progress.clear();
  }
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
