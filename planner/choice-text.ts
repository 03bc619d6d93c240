import { psnrOf } from '../common/settings/index.js';
import type { Choice, Judged } from './choice/index.js';

/** Rejected configurations that the sentence names. */
const SHOWN_REJECTED = 3;

/** What was chosen and what was not, in a sentence, for reports and logs. */
export function choiceText({ chosen, judged, limit, advice }: Choice): string {
  const within = `--max-error ${limit.toExponential(1)}: chose ${chosen.name}, predicted ${speedText(chosen)} one worker, error ${errorText(chosen)}`;
  const rejected = judged
    .filter(({ verdict, speedup }) => verdict !== 'chosen' && speedup !== undefined)
    .slice(0, SHOWN_REJECTED)
    .map((one) => `${one.name} (${speedText(one)}, error ${errorText(one)}: ${one.why})`);
  const others = rejected.length === 0 ? [] : [`not ${rejected.join(', ')}`];
  return [within, ...others, ...(advice === '' ? [] : [advice])].join('; ');
}

function speedText({ speedup = 1, isSimulated }: Judged): string {
  return `${isSimulated ? '' : 'at most '}${speedup.toFixed(2)}x`;
}

/** A line for each configuration, the fastest first. */
export function choiceLines({ judged, limit, advice }: Choice): string[] {
  const lines = judged.map((one) => {
    const speed = one.speedup === undefined ? '' : speedText(one);
    const verdict = one.verdict === 'chosen' ? 'chosen' : `rejected: ${one.why}`;
    return `  ${one.name.padEnd(9)} ${speed.padEnd(14)} error ${errorText(one).padEnd(20)} ${verdict}`;
  });
  const bound = `error at most ${limit.toExponential(1)} of the latents' variance (about ${psnrOf(limit).toFixed(0)} dB):`;
  return [bound, ...lines, ...(advice === '' ? [] : [advice])];
}

function errorText({ error }: Judged): string {
  if (error === undefined) return 'not known';
  return error === 0 ? 'none' : `${error.toExponential(1)} (${psnrOf(error).toFixed(0)} dB)`;
}

/** The same for documents. */
export function choiceDocument({ judged, limit, advice }: Choice) {
  return {
    max_error: limit,
    advice,
    configurations: judged.map((one) => ({
      config: one.name,
      verdict: one.verdict,
      why: one.why,
      simulated: one.isSimulated,
      ...(one.seconds === undefined
        ? {}
        : { predicted_seconds: one.seconds, predicted_speedup: one.speedup ?? 0 }),
      ...(one.error === undefined ? {} : { predicted_error: one.error }),
      ...(one.inOrder === undefined ? {} : { in_order_steps: one.inOrder }),
    })),
  };
}
