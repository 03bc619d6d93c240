import { psnrOf } from '../common/settings/index.js';
import type { Choice, Judged } from './choice/index.js';

/** What was chosen, in a sentence, for reports and logs. */
export function choiceText({ chosen, limit, advice }: Choice): string {
  const { name, speedup = 1 } = chosen;
  const within = `--max-error ${limit.toExponential(1)}: chose ${name}, predicted ${speedup.toFixed(2)}x one worker, error ${errorText(chosen)}`;
  return advice === '' ? within : `${within}; ${advice}`;
}

/** A line for each configuration, the fastest first. */
export function choiceLines({ judged, limit, advice }: Choice): string[] {
  const lines = judged.map((one) => {
    const speed =
      one.speedup === undefined ? '' : `${one.isSimulated ? '' : 'at most '}${one.speedup.toFixed(2)}x`;
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
