import { classifyHosts, describeEnvironment, type BenchWorker, workerWarnings } from '../bench/index.js';
import { type QualityRow, qualityRow } from './quality-row.js';
import type { QualityPrompt } from './prompts.js';
import type { Method, QualityOutcome } from './run-quality.js';

const QUALITY_SCHEMA = 'asyncdiff.bench-quality/1';

/** What all rows have in common; JSON keys. */
interface QualitySettings {
  readonly model: string;
  readonly num_inference_steps: number;
  readonly guidance_scale: number | null;
  readonly scheduler: string | null;
}

interface QualityDocumentInput {
  readonly outcome: QualityOutcome;
  readonly settings: QualitySettings;
  readonly prompts: readonly QualityPrompt[];
  readonly workers: readonly BenchWorker[];
  readonly coordinatorVersion: string;
  /** The command line, as typed. */
  readonly command: string;
  /** Warnings of the jobs. */
  readonly warnings: readonly string[];
}

export type QualityDocument = ReturnType<typeof qualityDocument>;

/** The document of `asyncdiff bench --quality --json`. */
export function qualityDocument(input: QualityDocumentInput) {
  const { outcome, settings, prompts, workers } = input;
  const rows: QualityRow[] = outcome.measured.map((one) => {
    const runsOf = (by: Method) =>
      outcome.measured.find(({ config, method }) => config === one.config && method === by)?.runs;
    return qualityRow(one, outcome, { paper: runsOf('asyncdiff'), even: runsOf('asyncdiff-even') });
  });
  const hosts = classifyHosts(workers);
  const pictures = `${prompts.length} picture${prompts.length === 1 ? '' : 's'}`;
  return {
    schema: QUALITY_SCHEMA,
    title: `${settings.model}, ${settings.num_inference_steps} steps, ${pictures}, ${workers.length} worker${workers.length === 1 ? '' : 's'} on ${hosts.label}`,
    complete: outcome.complete,
    command: input.command,
    settings,
    prompts,
    environment: describeEnvironment(),
    hosts: hosts.hosts,
    hosts_label: hosts.label,
    workers: workers.map(({ name, device, threads, hostName, version, onnxruntimeVersion }) => ({
      name,
      device,
      threads,
      host_name: hostName,
      version,
      onnxruntime_version: onnxruntimeVersion,
    })),
    warnings: [...new Set([...workerWarnings(workers, input.coordinatorVersion), ...input.warnings])],
    rows,
  };
}
