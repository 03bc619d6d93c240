import { allPipelines } from '../coordinator/pipeline/index.js';
import type { PipelineDescription } from '../coordinator/pipeline/index.js';
import { kebabName, PIPELINE_ARGUMENTS } from '../common/pipeline-arguments/index.js';
import { FAMILY_NOTES } from './family-notes.js';

const HEAD = `# Families of pipelines

<!-- Made by \`npm run gen:cli-docs\` from coordinator/pipeline/families/ and scripts/family-notes.ts; edit those. -->

A section for each family that \`generate\` draws with: how a model is exported, how it is drawn, what it takes, and what it was held against. [Models](models.md#pipelines) has what they
have in common. \`DIR\` is the folder that the export writes; add \`--local-workers 2\`, or \`--coordinator HOST:PORT\`. \`[own]\` is a call of diffusers 0.39 in torch with a tiny model of random
weights that \`scripts/export/export.py\` exported ([recipe](models.md#tiny-models-of-ones-own)); no model of real size was run with the script.

Optimum's exporter is \`pip install "optimum[onnxruntime,exporters]" diffusers\`; the script needs \`pip install torch diffusers transformers onnx sentencepiece protobuf\`.
`;

/** What says nothing of a model: defaults are then the pipeline's own. */
const NO_MODEL = Object.freeze({
  path: '',
  className: '',
  index: {},
  parts: {},
  tokenizers: {},
  schedulerConfigText: '',
  otherSchedulers: {},
  generationConfig: {},
});

/** docs/reference/families.md. */
export async function familyReference(): Promise<string> {
  const families = (await allPipelines()).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const contents = families.map(({ name }) => `- [${name}](#${anchorOf(name)})`).join('\n');
  return [HEAD, contents, ...families.map(section)].join('\n') + '\n';
}

function section(family: PipelineDescription): string {
  const { name, classNames, predictor, needs, takes } = family;
  const notes = FAMILY_NOTES[name];
  if (notes === undefined) throw new Error(`scripts/family-notes.ts has nothing of ${name}`);
  const { numInferenceSteps, guidanceScale } = family.defaults(NO_MODEL);
  const code = (list: readonly string[]): string => list.map((one) => `\`${one}\``).join(', ');
  const rows = takes.map((one) => `| \`--${kebabName(one)}\` | ${PIPELINE_ARGUMENTS[one].help} |`);
  return `
## ${name}

\`\`\`sh
${[...notes.exporting, ...notes.drawing.map((one) => `npx asyncdiff generate ${one}`)].join('\n')}
\`\`\`

- **Class**: ${code(classNames)}, and the same behind \`ORT\` or \`Onnx\`.
- **Parts**: ${code([predictor, ...needs])}${takes.includes('promptEmbeds') ? '; those that only texts need may be missing with `--prompt-embeds`' : ''}.
- **Defaults**: ${numInferenceSteps} steps, guidance ${guidanceScale}; a \`generation_config.json\` says others.
- **Sizes**: ${notes.sizes}
- **Held against**: ${notes.heldAgainst}.
${(notes.notes ?? []).map((one) => `- ${one}\n`).join('')}
| argument | |
|---|---|
${rows.join('\n')}`;
}

/** As GitHub makes it of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}
