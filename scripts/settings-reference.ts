import {
  entriesOf,
  environmentName,
  flagName,
  PLAN_SETTINGS,
  type PlanRow,
  snakeCase,
} from '../common/settings/index.js';

const HEAD = `# Settings

<!-- Made by \`npm run gen:cli-docs\` from common/settings/; edit the table there. -->

How a job is run, the same whichever door it comes through. A setting that is left out has its default: as a flag, in the environment,
in the library (\`plan: { warmUp: 5 }\`) and in the messages of any language (a field that is not set). One check refuses what is out of
range, with \`invalid_settings\`, before anything else happens. Reports give the settings as they were used, under the keys below.

\`auto\` is chosen by the planner. In messages, 0 is \`auto\` in a number that takes it.

## Plan settings
`;

/** docs/reference/settings.md, from the table. */
export function settingsReference(): string {
  const sections = entriesOf(PLAN_SETTINGS).map(([name, row]) =>
    section(name, row as PlanRow<unknown, 'plan' | 'run'>),
  );
  return [HEAD, ...sections].join('\n');
}

function section(name: string, row: PlanRow<unknown, 'plan' | 'run'>): string {
  const { kind, default: usual, placeholder, help, consequence, scope, bench } = row;
  const flag = `--${flagName(name, row)}${kind.wire === 'bool' ? '' : ` <${placeholder}>`}`;
  const notation =
    bench === undefined
      ? ''
      : `; in a benchmark's configuration \`${'letter' in bench ? `${bench.letter}<${placeholder}>` : bench.word}\``;
  return `### ${snakeCase(name)}

\`${flag}\`, \`${environmentName(name, row)}\`${notation}

${sentence(help)} Takes ${kind.range}; default ${defaultText(usual)}. ${consequence}${scope === 'plan' ? ' Another value is another plan.' : ''}
`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function defaultText(value: unknown): string {
  if (Array.isArray(value)) return 'none';
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  return `\`${String(value)}\``;
}
