import {
  entriesOf,
  environmentName,
  flagName,
  JOB_SETTINGS,
  type LimitRow,
  LIMITS,
  PLAN_SETTINGS,
  type SettingRow,
  snakeCase,
} from '../common/settings/index.js';

const HEAD = `# Settings

<!-- Made by \`npm run gen:cli-docs\` from common/settings/; edit the table there. -->

How a job is run, the same whichever door it comes through. A setting that is left out has its default: as a flag, in the environment,
in the library (\`plan: { warmUp: 5 }\`) and in the messages of any language (a field that is not set). One check refuses what is out of
range, with \`invalid_settings\`, before anything else happens. Reports give the settings as they were used, under the keys below.

\`auto\` is chosen by the planner. In messages, 0 is \`auto\` in a number that takes it.

`;

const JOB_HEAD = `## Job settings

What a job is asked for, besides the arguments that single pipelines take ([models](models.md)): fields of the request itself.
`;

const PLAN_HEAD = `## Plan settings

How the noise predictor is spread over the workers: \`PlanSettings\` in messages, \`plan\` in the library.
`;

/** docs/reference/settings.md, from the tables. */
export function settingsReference(): string {
  const job = entriesOf(JOB_SETTINGS).map(([name, row]) => section(name, row));
  const plan = entriesOf(PLAN_SETTINGS).map(([name, row]) => {
    const { scope, bench, placeholder } = row;
    const own = bench !== undefined && 'letter' in bench ? `${bench.letter}<${placeholder}>` : bench?.word;
    const notation = own === undefined ? '' : `; in a benchmark's configuration \`${own}\``;
    return section(name, row, notation, scope === 'plan' ? ' Another value is another plan.' : '');
  });
  return [HEAD, PLAN_HEAD, ...plan, JOB_HEAD, ...job].join('\n');
}

function section(name: string, row: SettingRow<unknown>, notation = '', more = ''): string {
  const { kind, default: usual, defaultText, placeholder, help, consequence } = row;
  const flag = `--${flagName(name, row)}${kind.wire === 'bool' ? '' : ` <${placeholder}>`}`;
  return `### ${snakeCase(name)}

\`${flag}\`, \`${environmentName(name, row)}\`${notation}

${sentence(help)} Takes ${kind.range}; default ${defaultText ?? valueText(usual)}. ${consequence}${more}
`;
}

const LIMITS_HEAD = `# Limits

<!-- Made by \`npm run gen:cli-docs\` from common/settings/limits.ts; edit the table there. -->

What the coordinator takes from anyone, besides the ranges of the [settings](settings.md) and of a pipeline's arguments. A request that has more is
refused with \`limit_exceeded\` (too many jobs: \`queue_full\`) before it is queued and before anything is allocated for it, the same through every door.
What a worker says of itself beyond them is refused with \`worker_refused\`.

| limit | at most | of | raised by |
|---|---|---|---|
`;

/** docs/reference/limits.md, from the table. */
export function limitsReference(): string {
  const rows = entriesOf(LIMITS).map(([name, { max, unit, what, flag }]: [string, LimitRow]) => {
    const by = flag === undefined ? '' : `\`serve ${flag}\``;
    return `| \`${snakeCase(name)}\` | ${amount(max, unit)} | ${what} | ${by} |\n`;
  });
  return LIMITS_HEAD + rows.join('');
}

function amount(max: number, unit: string): string {
  if (unit !== 'bytes') return `${max.toLocaleString('en-US')} ${unit}`;
  return max >= 2 ** 30 ? `${max / 2 ** 30} GiB` : `${max / 2 ** 20} MiB`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function valueText(value: unknown): string {
  if (Array.isArray(value) || value === '') return 'none';
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  return `\`${String(value)}\``;
}
