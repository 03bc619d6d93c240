import type { WorkerFact } from './hosts.js';
import type { LinkTest } from './link-test.js';
import type { Network } from './network.js';
import type { DelayBy, LinkShape } from './shaping.js';

/** What a report says of the network that it was measured on. */
export interface NetworkDocument {
  /** Workers; the coordinator has one more. */
  readonly hosts: number;
  readonly kind: 'network namespaces on one machine';
  readonly dilation: number;
  /** As asked for: what the figures are for. */
  readonly rate_bits_per_second: number | null;
  readonly delay_ms: number;
  readonly rate_by: 'tbf' | 'none';
  readonly delay_by: DelayBy;
  /** As set: rate divided and delay multiplied by the dilation. */
  readonly set: { readonly rate_bits_per_second: number | null; readonly delay_ms: number };
  /** Raw TCP between two hosts, before the bench, undilated. */
  readonly measured: {
    readonly tcp_bits_per_second: number;
    readonly round_trip_ms: number;
    readonly shortest_round_trip_ms: number;
  };
  readonly workers: readonly WorkerFact[];
}

/** Headers take 4 %; a link below this part of its rate was held back by the machine. */
const MIN_PART_OF_RATE = 0.9;

export function networkDocument(facts: {
  readonly network: Network;
  readonly asked: LinkShape;
  readonly dilation: number;
  readonly measured: LinkTest;
  readonly workers: readonly WorkerFact[];
}): NetworkDocument {
  const { network, asked, dilation, measured, workers } = facts;
  return {
    hosts: network.workers.length,
    kind: 'network namespaces on one machine',
    dilation,
    rate_bits_per_second: asked.rateBitsPerSecond ?? null,
    delay_ms: asked.delayMs,
    rate_by: asked.rateBitsPerSecond === undefined ? 'none' : 'tbf',
    delay_by: network.delayBy,
    set: {
      rate_bits_per_second: network.shape.rateBitsPerSecond ?? null,
      delay_ms: network.shape.delayMs,
    },
    measured: {
      tcp_bits_per_second: measured.bitsPerSecond * dilation,
      round_trip_ms: measured.roundTripMs / dilation,
      shortest_round_trip_ms: measured.shortestRoundTripMs / dilation,
    },
    workers,
  };
}

/** The same for people, one line each. */
export function describe(document: NetworkDocument): string[] {
  const { hosts, kind, dilation, measured, set, workers } = document;
  const rate = document.rate_bits_per_second;
  const ids = new Set(workers.map(({ host_id }) => host_id)).size;
  const lines = [
    `${hosts} worker${hosts === 1 ? '' : 's'} and a coordinator, each on a host of its own: ${kind} (${ids} host ids)`,
    `links: ${formatRate(rate)} each way${rate === null ? '' : ' (tbf)'}, ${document.delay_ms} ms one way${document.delay_by === 'none' ? '' : ` (${document.delay_by})`}`,
  ];
  if (dilation !== 1) {
    lines.push(
      `declared times are dilated by ${dilation}, so links are set to ${formatRate(set.rate_bits_per_second)} and ${round(set.delay_ms)} ms; all figures are undilated`,
    );
  }
  lines.push(
    `measured between two hosts: ${formatRate(measured.tcp_bits_per_second)} raw TCP, round trip ${round(measured.round_trip_ms)} ms (shortest ${round(measured.shortest_round_trip_ms)})`,
  );
  if (rate !== null && measured.tcp_bits_per_second < MIN_PART_OF_RATE * rate)
    lines.push(
      'warning: this machine does not reach the rate; wait until it is quiet, or dilate declared devices more',
    );
  return lines;
}

export function formatRate(bitsPerSecond: number | null): string {
  if (bitsPerSecond === null) return 'no limit';
  if (bitsPerSecond >= 1e9) return `${round(bitsPerSecond / 1e9)} Gb/s`;
  return `${round(bitsPerSecond / 1e6)} Mb/s`;
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}
