import { join } from 'node:path';
import type { Command } from 'commander';
import {
  asked,
  type JobOptions,
  type JobSettings,
  PLAN_SETTINGS,
  type PlanOptions,
  resolveJobSettings,
} from '../../common/settings/index.js';
import { decodePng, encodePng, imagePsnrDb, sideBySide } from '../../common/image/index.js';
import { BUNDLED_MODEL } from '../bundled-model.js';
import { flag } from '../flag.js';
import { type CommandIo, writeJson } from '../io.js';
import { LocalCluster } from '../../client/local/index.js';
import { readableLog } from '../log-text.js';
import { prepareFolder, writeImage } from '../output.js';
import { addJobFlags, addSettingFlag, jobOptions } from '../setting-flag.js';
import { ProgressLine } from '../progress.js';
import { runDocument } from '../run-document.js';
import { type DoneEvent, watchJob } from '../watch-job.js';

interface DemoFlags
  extends Pick<JobOptions, 'seed' | 'numInferenceSteps' | 'guidanceScale'>,
    Pick<PlanOptions, 'warmUp'> {
  readonly out: string;
  readonly model: string;
  readonly prompt: string;
  readonly json?: boolean;
}

const WORKERS = 2;
const DEFAULTS = { numInferenceSteps: 50 } as const;

export function register(command: Command, io: CommandIo): void {
  command
    .addOption(flag('--out <dir>', 'folder for the pictures').default('out'))
    .addOption(flag('--model <dir>', 'model folder').default(BUNDLED_MODEL, 'the bundled model'))
    .option('--prompt <text>', 'what to draw', 'red apple')
    .option('--json', 'print one JSON document')
    .action((flags: DemoFlags) => run(flags, io));
  addJobFlags(command, ['seed', 'numInferenceSteps', 'guidanceScale'], DEFAULTS);
  addSettingFlag(command, 'warmUp', PLAN_SETTINGS.warmUp);
}

export async function run(flags: DemoFlags, io: CommandIo): Promise<void> {
  const job = resolveJobSettings({ ...DEFAULTS, ...jobOptions(flags) });
  await prepareFolder(flags.out);
  const progress = new ProgressLine(io, false);
  progress.update('starting a coordinator and two workers, each a process with one ONNX Runtime thread');
  const cluster = await LocalCluster.start({
    workers: WORKERS,
    modelDir: flags.model,
    threads: 1,
    signal: io.signal,
    stderr: { write: (text) => io.stderr.write(readableLog(text)) },
  });
  try {
    const draw = async (label: string, workers: number): Promise<DoneEvent> => {
      const request = {
        prompt: flags.prompt,
        seed: job.seed,
        numInferenceSteps: asked(job.numInferenceSteps),
        guidanceScale: asked(job.guidanceScale),
        plan: { components: workers, stride: 1, warmUp: flags.warmUp, maxWorkers: workers },
        signal: io.signal,
      };
      // Once to plan, deploy and warm up, caches of compiled code included; the second run is the one that counts.
      await watchJob(cluster.client.generate(request), progress, `${label}: warming up`);
      return watchJob(cluster.client.generate(request), progress, label);
    };
    const sequential = await draw('1 worker, sequential', 1);
    const parallel = await draw('2 workers, asynchronous', WORKERS);
    await report(flags, job, io, progress, sequential, parallel);
  } finally {
    progress.clear();
    await cluster.close();
  }
}

async function report(
  flags: DemoFlags,
  job: JobSettings,
  io: CommandIo,
  progress: ProgressLine,
  sequential: DoneEvent,
  parallel: DoneEvent,
): Promise<void> {
  const paths = {
    sequential: join(flags.out, 'sequential.png'),
    parallel: join(flags.out, 'asyncdiff-2-workers.png'),
    both: join(flags.out, 'side-by-side.png'),
  };
  const [one, two] = [sequential.images[0] as Uint8Array, parallel.images[0] as Uint8Array];
  const [first, second] = [await decodePng(one), await decodePng(two)];
  const labels = [
    `1 worker, sequential: ${sequential.report.seconds.toFixed(2)} s`,
    `2 workers, N=2 S=1: ${parallel.report.seconds.toFixed(2)} s`,
  ];
  await writeImage(paths.sequential, one);
  await writeImage(paths.parallel, two);
  await writeImage(paths.both, await encodePng(sideBySide([first, second], labels)));
  const rows = [
    { name: '1 worker, sequential', done: sequential, speedup: 1, psnrDb: Number.POSITIVE_INFINITY },
    {
      name: '2 workers, N=2 S=1',
      done: parallel,
      speedup: sequential.report.seconds / parallel.report.seconds,
      psnrDb: imagePsnrDb(first, second),
    },
  ];
  progress.clear();
  if (flags.json === true) {
    writeJson(io, {
      schema: 'asyncdiff.demo/1',
      prompt: flags.prompt,
      seed: job.seed,
      out: paths,
      rows: rows.map(({ name, done, speedup, psnrDb }) => ({
        name,
        speedup,
        psnr_db: Number.isFinite(psnrDb) ? psnrDb : null,
        ...runDocument(done.report),
      })),
    });
    return;
  }
  io.stdout.write(`"${flags.prompt}", seed ${job.seed}, ${sequential.report.steps} steps\n\n`);
  io.stdout.write(
    'run                     seconds  speed-up  rounds  MB between workers  PSNR to sequential\n',
  );
  for (const { name, done, speedup, psnrDb } of rows) {
    const { seconds, rounds, bytesBetweenWorkers } = done.report;
    const psnr = Number.isFinite(psnrDb) ? `${psnrDb.toFixed(1)} dB` : 'the same picture';
    io.stdout.write(
      `${name.padEnd(22)}${seconds.toFixed(2).padStart(9)}${`${speedup.toFixed(2)}x`.padStart(10)}${String(rounds).padStart(8)}${(bytesBetweenWorkers / 1e6).toFixed(1).padStart(20)}  ${psnr}\n`,
    );
  }
  io.stdout.write(`\n${paths.sequential}\n${paths.parallel}\n${paths.both}\n`);
}
