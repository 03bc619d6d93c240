import { basename } from 'node:path';
import { packageVersion } from '../../common/package.js';
import type { BegunCall, PipelineCall } from '../pipeline/index.js';

/**
 * How a picture was made, in the form that AUTOMATIC1111's web UI writes under `parameters` and other tools read: the prompt, the negative prompt,
 * and a line of settings; the plan's id and this version at its end.
 */
export function pictureText(
  call: PipelineCall,
  { settings, job }: Pick<BegunCall, 'settings' | 'job'>,
  made: { readonly modelFolder: string; readonly planId: string },
): string {
  const fields: readonly (readonly [string, string | number | undefined])[] = [
    ['Steps', settings.numInferenceSteps],
    ['Sampler', job.sampler.name],
    ['CFG scale', settings.guidanceScale],
    ['Seed', String(call.seed ?? 0)],
    ['Size', `${(settings.outputSize ?? settings).width}x${(settings.outputSize ?? settings).height}`],
    ['Model', basename(made.modelFolder).replaceAll(',', ' ')],
    ['Denoising strength', call.image === undefined ? undefined : call.strength],
    ['Clip skip', call.clipSkip === undefined ? undefined : call.clipSkip + 1],
    ['Prompt weighting', call.promptWeighting === true ? 'yes' : undefined],
    ['Version', `asyncdiff ${packageVersion}`],
    ['Plan', made.planId],
  ];
  const line = fields
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]))
    .join(', ');
  const negative = call.negativePrompt ? [`Negative prompt: ${call.negativePrompt}`] : [];
  return [call.prompt, ...negative, line].join('\n');
}
