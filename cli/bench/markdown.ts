import type { BenchDocument } from './document.js';
import type { BenchRow } from './row.js';
import type { Summary } from './statistics.js';

/** The document for people: tables, conditions, and the command that makes it again. */
export function benchMarkdown(document: BenchDocument): string {
  const { rows } = document;
  const repeats = rows[0]?.repeats ?? 0;
  const parts = [
    `# asyncdiff bench: ${document.title}`,
    ...(document.complete ? [] : ['**Incomplete: ended before all runs were made.**']),
    ...document.warnings.map((warning) => `**Warning: ${warning}**`),
    markdownTable(MAIN_COLUMNS, rows.map(mainCells)),
    `Medians of ${repeats} run${repeats === 1 ? '' : 's'}, each with a sequential run just before it; in brackets the extremes. Seconds are those of the denoising rounds. The speed-up is the median of the paired ratios. The ideal is what a network and coordinator that cost nothing would allow: T / (w + rounds x share of the busiest worker). \`same bits\`: all ${rows[0]?.compared_runs ?? 0} runs of a configuration gave the same output, bit for bit.`,
    '## Where a round goes (ms, one traced run of each)',
    markdownTable(PART_COLUMNS, rows.map(partCells)),
    'Compute, wait and other are those of the busiest worker and add up to its round. The rest happens beside them, on other threads and hosts; it costs only what shows up as a wait.',
    '## Conditions',
    ...declaredNote(document),
    conditions(document),
    `\`\`\`sh\n${document.command}\n\`\`\``,
  ];
  return `${parts.join('\n\n')}\n`;
}

const MAIN_COLUMNS = [
  'config',
  'workers',
  'device',
  'seconds',
  'sequential s',
  'speed-up',
  'ideal',
  'efficiency',
  'period ms',
  'predicted ms',
  'simulated s',
  'MB per round',
  'PSNR dB (8 bits)',
  'SSIM',
  'same bits',
];

const PART_COLUMNS = [
  'config',
  'compute',
  'wait',
  'other',
  'sampler',
  'serialise',
  'transfer, each',
  'transfers',
  'coordinator CPU',
];

function declaredNote({ declared_device: device }: BenchDocument): string[] {
  if (device === null) return [];
  const { time_dilation: dilation } = device;
  const dilated =
    dilation === 1
      ? ''
      : ` Workers took ${dilation} times the declared times; all seconds and milliseconds above but the coordinator's CPU are as measured divided by ${dilation}.`;
  return [
    `Declared device: workers waited the times of ${device.device} (profile ${device.profile}, ${device.model}) instead of computing, and sent real tensors of the right sizes.${dilated}`,
  ];
}

function conditions({ environment, settings, workers, hosts_label: hosts }: BenchDocument): string {
  const guidance = settings.guidance_scale === null ? "the model's own" : String(settings.guidance_scale);
  const commit = environment.git_commit === null ? '' : ` (commit ${environment.git_commit})`;
  return [
    `- ${settings.num_inference_steps} steps, warm-up ${settings.warm_up}, guidance ${guidance}, seed ${settings.seed}, optimisation level ${settings.optimization_level}`,
    `- ${hosts}; CPU ${environment.cpu_model}, ${environment.cores} cores (where the command ran); ${environment.os}`,
    `- asyncdiff ${environment.asyncdiff}${commit}, ONNX Runtime ${environment.onnxruntime}, Node ${environment.node}; ${environment.date}`,
    ...workers.map(
      (worker) =>
        `- worker ${worker.name}: ${worker.device}, ${worker.threads} thread${worker.threads === 1 ? '' : 's'}, host ${worker.host_name} (${worker.host_id}), asyncdiff ${worker.version}, ONNX Runtime ${worker.onnxruntime_version}`,
    ),
  ].join('\n');
}

function mainCells(row: BenchRow): string[] {
  return [
    row.declared ? `${row.config} (declared)` : row.config,
    row.workers < row.workers_wanted ? `${row.workers} of ${row.workers_wanted} wanted` : String(row.workers),
    row.device,
    spread(row.seconds, row.seconds_spread),
    spread(row.sequential_seconds, row.sequential_seconds_spread),
    `${spread(row.speedup, row.speedup_spread)} x`,
    `${row.ideal_speedup.toFixed(2)} x`,
    row.efficiency.toFixed(3),
    row.period_ms.toFixed(1),
    row.predicted_period_ms.toFixed(1),
    row.simulated_seconds.toFixed(2),
    row.bytes_per_round === null ? '-' : (row.bytes_per_round / 1e6).toFixed(2),
    row.equals_sequential === true ? 'equal' : (row.psnr_db?.toFixed(1) ?? '-'),
    row.ssim?.toFixed(3) ?? '-',
    row.equal_across_repeats ? 'yes' : '**NO**',
  ];
}

function partCells(row: BenchRow): string[] {
  const parts = row.round_parts_ms;
  const name = row.declared ? `${row.config} (declared)` : row.config;
  const cpu = row.coordinator_cpu_ms.toFixed(2);
  if (parts === null) return [name, '-', '-', '-', '-', '-', '-', '-', cpu];
  const { compute, wait, other, sampler, serialize, transfer_each: each, transfers } = parts;
  const cells = [compute, wait, other, sampler, serialize, each].map((value) => value.toFixed(2));
  return [name, ...cells, transfers.toFixed(1), cpu];
}

function spread(median: number, { min, max }: Omit<Summary, 'median'>): string {
  return `${median.toFixed(2)} (${min.toFixed(2)}-${max.toFixed(2)})`;
}

/** A table with a head. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
