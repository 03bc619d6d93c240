import type { Environment } from './environment.js';
import { classifyHosts } from './hosts.js';
import { type BenchRow, benchRow } from './row.js';
import type { BenchOutcome } from './run-bench.js';
import { type BenchWorker, workerWarnings } from './bench-worker.js';

const BENCH_SCHEMA = 'asyncdiff.bench/1';

/** Settings that all rows share; JSON keys. */
interface BenchSettings {
  readonly workload: string;
  readonly num_inference_steps: number;
  readonly warm_up: number;
  readonly guidance_scale: number | null;
  readonly repeats: number;
  readonly settle_seconds: number;
  readonly seed: number;
  readonly time_shift: boolean;
  readonly optimization_level: string;
}

export interface DocumentInput {
  readonly outcome: BenchOutcome;
  readonly settings: BenchSettings;
  readonly environment: Environment;
  readonly workers: readonly BenchWorker[];
  readonly coordinatorVersion: string;
  /** The command line, as typed. */
  readonly command: string;
  /** Warnings of the jobs. */
  readonly warnings: readonly string[];
}

export type BenchDocument = Awaited<ReturnType<typeof benchDocument>>;

/** The document of `asyncdiff bench --json`. */
export async function benchDocument(input: DocumentInput) {
  const { outcome, settings, environment, workers, command } = input;
  const rows: BenchRow[] = [];
  for (const measured of outcome.measured) rows.push(await benchRow(measured, workers));
  const hosts = classifyHosts(workers);
  const declared = workers.find((worker) => worker.declared)?.declared ?? null;
  const sequential = rows.map(({ sequential_seconds: seconds }) => seconds);
  return {
    schema: BENCH_SCHEMA,
    title: title(settings, workers.length, hosts.label, declared),
    complete: outcome.complete,
    declared: declared !== null,
    command,
    settings,
    environment,
    hosts: hosts.hosts,
    machines: hosts.machines,
    hosts_label: hosts.label,
    declared_device:
      declared === null
        ? null
        : {
            profile: declared.profile,
            model: declared.model,
            device: declared.device,
            time_dilation: declared.timeDilation,
          },
    workers: workers.map((worker) => ({
      name: worker.name,
      device: worker.device,
      threads: worker.threads,
      host_name: worker.hostName,
      host_id: worker.hostId,
      machine_id: worker.machineId,
      version: worker.version,
      onnxruntime_version: worker.onnxruntimeVersion,
      node_version: worker.nodeVersion,
      round_trip_ms: worker.roundTripMs,
    })),
    warnings: [
      ...new Set([
        ...workerWarnings(workers, input.coordinatorVersion),
        ...input.warnings,
        ...rows.flatMap(rowWarnings),
      ]),
    ],
    sequential_seconds_range:
      sequential.length === 0 ? null : { min: Math.min(...sequential), max: Math.max(...sequential) },
    rows,
  };
}

/** Says declared and where in so many words: a figure must not lose its conditions when it is copied. */
function title(
  settings: BenchSettings,
  workers: number,
  hosts: string,
  declared: BenchWorker['declared'],
): string {
  const what = `${settings.workload}, ${settings.num_inference_steps} steps, ${workers} worker${workers === 1 ? '' : 's'} on ${hosts}`;
  if (!declared) return what;
  const dilation =
    declared.timeDilation === 1 ? '' : `, measured ${declared.timeDilation} times slower and divided`;
  return `${what}, declared ${declared.device} (compute times declared, not computed${dilation})`;
}

/** Above it the sequential runs must have been slowed down by something else. */
const BELIEVABLE_EFFICIENCY = 1.02;
/** Declared devices only wait: a round that takes so many times what is predicted waits for this machine's processor. */
const CARRIED_PERIOD = 1.25;
/** Spread of the runs, slowest less fastest, over their median. */
const QUIET_SPREAD = 0.1;

/**
 * What nobody waits for: the boundary tensors of the last rounds, as many as their lag, are read by no one, so a component
 * before N that is the longest may still be computing when the last step is done.
 */
function unreadFactor({ rounds, warm_up, lag, max_share, stride }: BenchRow): number {
  const share = max_share * stride;
  const least = warm_up + Math.max(0, rounds - warm_up - lag) * share;
  return (warm_up + (rounds - warm_up) * share) / least;
}

function rowWarnings(row: BenchRow): string[] {
  const warnings: string[] = [];
  if (row.efficiency > BELIEVABLE_EFFICIENCY * unreadFactor(row))
    warnings.push(
      `${row.config}: faster than its ideal bound, so something else slowed the sequential runs down`,
    );
  const { min, max } = row.seconds_spread;
  if (max - min > QUIET_SPREAD * row.seconds)
    warnings.push(
      `${row.config}: its runs differ by ${Math.round(((max - min) / row.seconds) * 100)} %: the machine was not quiet`,
    );
  if (row.declared && row.period_ms > CARRIED_PERIOD * row.predicted_period_ms && row.predicted_period_ms > 0)
    warnings.push(
      `${row.config}: a round takes ${(row.period_ms / row.predicted_period_ms).toFixed(1)} times what the declared devices and the links take: the processor here does not carry so many (a larger dilation=D needs less of it)`,
    );
  if (!row.equal_across_repeats)
    warnings.push(`${row.config}: OUTPUTS DIFFER between runs of the same plan, seed and prompt`);
  if (!row.same_plan) warnings.push(`${row.config}: the plan changed between repetitions`);
  if (row.workers < row.workers_wanted)
    warnings.push(
      `${row.config}: ${row.components} component${row.components === 1 ? '' : 's'}${row.stride > 1 ? ` at stride ${row.stride}` : ''} would use ${row.workers_wanted} workers; it had ${row.workers}, some share one`,
    );
  return warnings;
}
