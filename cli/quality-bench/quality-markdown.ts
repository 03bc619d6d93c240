import { markdownTable } from '../bench/index.js';
import type { QualityDocument } from './quality-document.js';
import type { QualityRow } from './quality-row.js';

/** The document for people: the table, what its columns mean, conditions, and the command that makes it again. */
export function qualityMarkdown(document: QualityDocument): string {
  const { rows, settings, environment, workers, warnings } = document;
  const parts = [`# asyncdiff bench --quality: ${document.title}`];
  if (!document.complete) parts.push('**Incomplete: ended before all pictures were drawn.**');
  for (const warning of warnings) parts.push(`**Warning: ${warning}**`);
  parts.push(
    markdownTable(
      [
        'config',
        'method',
        'steps',
        'in order',
        'error (95 %)',
        'mean error',
        'nearer than AsyncDiff, w = 3 (95 %)',
        'as many in order (95 %)',
        'PSNR dB (least)',
        'SSIM',
        'speed-up',
        'ideal',
      ],
      rows.map(cells),
    ),
  );
  parts.push(
    "Error: mean square of the difference from the latents of the sequential run with the same prompt and seed, over their variance; geometric mean over the pictures, in brackets its 95 per cent interval by bootstrap. Nearer: geometric mean of the paired ratio of AsyncDiff's error to this one. PSNR and SSIM are of the picture before it is rounded to 8 bits. Method asyncdiff is as in the paper (no look-ahead, three steps in order), asyncdiff-even has as many steps in order, at the start, as look-ahead took in that picture: the same predicted speed. Both on the same cuts, with what one layer makes from the latents computed where it is read. Fewer steps: as many sequential ones as fit into the ideal time of look-ahead. Speed-up: median over the pictures of the sequential run's time over this one's, rounds only; ideal: if network and coordinator cost nothing.",
  );
  const guidance = settings.guidance_scale === null ? "the model's own" : String(settings.guidance_scale);
  parts.push(
    '## Conditions',
    [
      `- ${settings.num_inference_steps} steps, guidance ${guidance}, sampler ${settings.scheduler ?? "the model's own"}; ${document.prompts.length} prompts with seeds from ${document.prompts[0]?.seed ?? 0}`,
      `- ${document.hosts_label}; CPU ${environment.cpu_model}, ${environment.cores} cores (where the command ran); ${environment.os}`,
      `- asyncdiff ${environment.asyncdiff}${environment.git_commit === null ? '' : ` (commit ${environment.git_commit})`}, ONNX Runtime ${environment.onnxruntime}, Node ${environment.node}; ${environment.date}`,
      ...workers.map(
        (worker) =>
          `- worker ${worker.name}: ${worker.device}, ${worker.threads} thread${worker.threads === 1 ? '' : 's'}, host ${worker.host_name}, asyncdiff ${worker.version}`,
      ),
    ].join('\n'),
    `\`\`\`sh\n${document.command}\n\`\`\``,
  );
  return `${parts.join('\n\n')}\n`;
}

function cells(row: QualityRow): string[] {
  const { relative_latent_mse: error, psnr_db: psnr, ssim } = row;
  const interval = ([low, high]: readonly [number, number], show: (value: number) => string): string =>
    `${show(low)} to ${show(high)}`;
  const small = (value: number): string => value.toExponential(1);
  const times = (value: number): string => Number(value.toPrecision(3)).toLocaleString('en');
  return [
    row.config,
    row.method,
    String(row.steps),
    row.in_order_steps.toFixed(1),
    row.equal_pictures === row.pictures
      ? 'none: equal bit for bit'
      : `${small(error.geometric_mean)} (${interval(error.interval_95, small)})`,
    small(error.mean),
    ...[row.times_nearer_than_asyncdiff, row.times_nearer_at_equal_steps].map((factor) =>
      factor === null ? '-' : `${times(factor.geometric_mean)} (${interval(factor.interval_95, times)})`,
    ),
    psnr === null ? '-' : `${psnr.mean.toFixed(1)} (${psnr.min.toFixed(1)})`,
    ssim === null ? '-' : ssim.mean.toFixed(6),
    `${row.speedup.toFixed(2)} x (${row.speedup_spread.min.toFixed(2)}-${row.speedup_spread.max.toFixed(2)})`,
    `${row.ideal_speedup.toFixed(2)} x`,
  ];
}
