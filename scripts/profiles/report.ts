import { balancedCut } from './balanced-cuts.js';
import { boundaryBytes, componentShares } from './cut-bytes.js';
import { toCostGraph } from '../../planner/declared/index.js';
import { makePublishedProfile, publishedShare } from './make-profile.js';
import { OFFICIAL_SPLITS, officialAssignment, officialBroadcastBytes } from './official-splits.js';
import { ARCHITECTURES, type ArchitectureName } from './unet-config.js';

const NAMES = Object.keys(ARCHITECTURES) as ArchitectureName[];

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** The tables of docs/reference/declared-devices.md: how the published times come apart, and what cuts cost on the wire. */
export function deviceReport(): string {
  return [sharesTable(), cutsTable()].join('\n\n');
}

function sharesTable(): string {
  const rows = NAMES.map((name) => {
    const { publishedMs, predictorMs, vaeMs, textMs, scale, stepMs, batchOneStepMs } = publishedShare(name);
    const rooflineMs = predictorMs + vaeMs + textMs;
    return [
      `a5000-${name}`,
      (publishedMs / 1000).toFixed(2),
      (rooflineMs / 1000).toFixed(2),
      scale.toFixed(3),
      (scale * vaeMs).toFixed(0),
      (scale * textMs).toFixed(0),
      stepMs.toFixed(2),
      (batchOneStepMs / stepMs).toFixed(3),
    ];
  });
  const head = [
    'profile',
    'published s',
    'roofline s, unscaled',
    'scale',
    'VAE ms',
    'text ms',
    '`step_ms`',
    'at batch 1',
  ];
  return table(head, rows);
}

function cutsTable(): string {
  const rows = NAMES.flatMap((name) => {
    const graph = toCostGraph(makePublishedProfile(name));
    return ([2, 3, 4] as const).map((components) => {
      const split = OFFICIAL_SPLITS[name][components];
      const official = officialAssignment(graph, split);
      const sequential = balancedCut(graph, components, 'sequential');
      const uShaped = balancedCut(graph, components, 'u-shaped');
      return [
        `a5000-${name}`,
        String(components),
        megabytes(officialBroadcastBytes(graph, split)),
        `${megabytes(boundaryBytes(graph, official))} (${Math.max(...componentShares(graph, official)).toFixed(3)})`,
        `${megabytes(sequential.bytes)} (${sequential.maxShare.toFixed(3)})`,
        `${megabytes(uShaped.bytes)} (${uShaped.maxShare.toFixed(3)})`,
      ];
    });
  });
  const head = [
    'profile',
    'N',
    'official broadcast MB',
    'official split, cut only MB (largest share)',
    'balanced sequential MB',
    'balanced U-shaped MB',
  ];
  return table(head, rows);
}
