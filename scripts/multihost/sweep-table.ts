import type { BenchDocument, BenchRow } from '../../cli/bench/index.js';
import { parseRate } from '../delay-proxy.js';
import { formatRate, type NetworkDocument } from './network-document.js';

/** What was measured in one network. */
export interface SweepCell {
  /** As asked for. */
  readonly rate: string;
  readonly delay_ms: number;
  readonly network: NetworkDocument | null;
  readonly bench: BenchDocument | null;
  readonly error: string | null;
}

/** One table over all networks: a line for each, the speed-ups beside each other. */
export function sweepMarkdown(cells: readonly SweepCell[], command: string): string {
  const rows = (cell: SweepCell): readonly BenchRow[] => cell.bench?.rows ?? [];
  const configs = [...new Set(cells.flatMap((cell) => rows(cell).map(({ config }) => config)))];
  const ideal = (config: string): string => {
    const row = cells.flatMap(rows).find((row) => row.config === config);
    return row === undefined ? '' : ` (ideal ${row.ideal_speedup.toFixed(2)})`;
  };
  const declared = cells.some(({ bench }) => bench?.declared === true);
  const head = [
    'rate',
    'one way ms',
    'raw TCP, measured',
    'round trip ms, measured',
    ...(declared ? ['dilated by'] : []),
    ...configs.map((config) => `${config}${ideal(config)}`),
  ];
  const body = cells.map((cell) => {
    const { network } = cell;
    const result = (config: string): string => {
      const row = rows(cell).find((row) => row.config === config);
      return row === undefined ? (cell.error === null ? '-' : 'failed') : resultText(row);
    };
    return [
      formatRate(parseRate(cell.rate) * 8),
      String(cell.delay_ms),
      network === null ? '-' : formatRate(network.measured.tcp_bits_per_second),
      network === null ? '-' : network.measured.round_trip_ms.toFixed(2),
      ...(declared ? [String(network?.dilation ?? '-')] : []),
      ...configs.map(result),
    ];
  });
  const line = (words: readonly string[]): string => `| ${words.join(' | ')} |\n`;
  return `${line(head)}${line(head.map(() => '---'))}${body.map(line).join('')}
Speed-up over one worker; then the period of a round in ms, and in brackets the predicted one. ${conditions(cells)}

\`\`\`sh
${command}
\`\`\`
${cells.flatMap(({ rate, delay_ms, error }) => (error === null ? [] : [`\n${rate}, ${delay_ms} ms: ${error}\n`])).join('')}`;
}

function resultText(row: BenchRow): string {
  const { speedup, period_ms: period, predicted_period_ms: predicted, equal_across_repeats: equal } = row;
  return `${speedup.toFixed(2)}x; ${period.toFixed(1)} (${predicted.toFixed(1)})${equal ? '' : ' OUTPUTS DIFFER'}`;
}

function conditions(cells: readonly SweepCell[]): string {
  const cell = cells.find(({ network, bench }) => network !== null && bench !== null);
  if (cell?.network == null || cell.bench === null) return '';
  const { network, bench } = cell;
  const sentences = [
    `${bench.title.replace(/ \(compute times declared[^)]*\)/, ' (compute times declared, not computed)')}.`,
    `Hosts are ${network.kind}; rate by tbf, delay by ${[...new Set(cells.flatMap(({ network }) => network?.delay_by ?? []))].join(', ')}.`,
  ];
  if (bench.declared)
    sentences.push(
      'Dilated: declared times and delays were multiplied, and rates divided, by this; all figures are undilated.',
    );
  return sentences.join(' ');
}
