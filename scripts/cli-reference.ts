import type { Command } from 'commander';
import type { CommandIo } from '../cli/io.js';
import { PLAN_SETTINGS, snakeCase } from '../common/settings/index.js';
import { openProgram } from '../cli/program.js';

/** Columns that fit a page of documentation. */
const HELP_COLUMNS = 110;

const HEAD = `# Command line

<!-- Made by \`npm run gen:cli-docs\` from the commands' own help; edit scripts/cli-reference.ts. -->

- **stdout** is the result: paths, tables, or with \`--json\` one JSON document with a versioned \`schema\`. Progress, warnings and logs
  go to **stderr**; \`--quiet\` leaves progress out. \`serve\` and \`worker\` print one JSON line with the \`address\` they are bound to
  when they are ready, then nothing more.
- A flag that shows \`(env: ASYNCDIFF_...)\` can come from the environment. The flag wins over the environment, the environment over the
  default ([configuration](config.md)). What the flags of a plan mean and cost: [settings](settings.md).
- Addresses are \`HOST:PORT\`, IPv6 hosts in brackets (\`[::1]:50051\`). Port 0 takes any free port.
- An error is three lines on stderr: what happened, with a code; what to do about it; and the section of [errors](errors.md) that explains the code; \`-v\` adds the stack.

| exit code | meaning |
|---|---|
| 0 | done; for \`serve\` and \`worker\`: drained after SIGINT or SIGTERM |
| 1 | the job or the process failed |
| 2 | usage, settings or input |
| 3 | no coordinator, or no workers |
| 4 | model or device unavailable |
| 5 | out of time |
| 130, 143 | ended by SIGINT, SIGTERM |

The first SIGINT or SIGTERM cancels a job, or drains \`serve\` and \`worker\`: they are \`NOT_SERVING\`, take nothing new, and finish the job
in progress within \`--grace-ms\`. The second ends the process at once. Workers that a command started end with it, however it ends; a run on their device is waited for no longer than a second.
`;

const JSON_KEYS = `## JSON documents

\`generate --json\` and \`denoise --json\`:

| key | meaning |
|---|---|
| \`schema\` | \`asyncdiff.generate/1\`, \`asyncdiff.denoise/1\`; with \`--prompts\` \`asyncdiff.generate-list/1\`, and \`pictures\` has a document for each (\`drawn_before\` where it was there already) |
| \`out\` | the file written; a list for several pictures |
| \`seconds\` | of the rounds: from the first one issued to the last one done |
| \`total_seconds\` | of the job: text encoder, planning if any, rounds, decoding |
| \`steps\`, \`rounds\` | T, and rounds with the warm-up among them |
| ${settingKeys()} | [settings](settings.md) as they were used |
| \`bytes_between_workers\` | boundary tensors, over the whole run |
| \`broadcast_bytes_per_round\` | what broadcasting every module's output to every worker would move |
| \`period_ms\`, \`predicted_period_ms\` | median time of an asynchronous round, and what the plan said |
| \`max_share\` | the busiest worker's share of the predictor's compute: bounds the speed-up at T / (w + (T - w) * share) |
| \`cuts\`, \`plan_id\` | where the predictor was cut; the same \`plan_id\` gives the same bits (\`plan\` leaves it empty for weights of over 256 MB that no job has read yet) |
| \`request\` | what was asked for; with what follows \`--replay\` gives the same bits again ([quality](../quality.md#repeating-a-run)) |
| \`version\`, \`predictor_id\`, \`program_id\`, \`inputs_sha256\`, \`runtimes\` | what decides the bits, besides settings and steps in order |
| \`latents_sha256\` | of the final latents |
| \`program_changes\` | times that the job went on with other cuts after a loss |
| \`drifts\`, \`drift_sum\`, \`in_order_steps\`, \`held_steps\`, \`notes\` | what became of the predicted latents ([quality](../quality.md)) |
| \`recut_turns\` | how often the predictor was cut again on measured times (\`--recut\`), for this job or an earlier one |
| \`restarts\` | times that the job went on after a worker was lost |
| \`declared\` | whether devices were declared instead of computing |
| \`workers\` | for each: \`name\`, \`device\`, \`components\`, \`compute_ms\`, \`wait_ms\`, \`sent_bytes\`; \`planned_share\` and \`measured_share\`: of a round's compute, as planned and as its worker timed it when the plan was deployed |

\`plan --json\`: \`config\`, how it is spread, as benchmarks write it; \`single_pass\`, whether it is of a model that \`run\` takes (what is said of a round is then said of an item); of a whole model folder, for each of its \`parts\` (text encoders, VAE) \`runs\`, \`cost_ms\` of all of them, \`weight_bytes\` and \`memory_bytes\`; for each of \`components\` its \`share\` of the compute, \`cost_ms\`, \`nodes\`, \`weight_bytes\`, and what it \`receives\`:
\`name\`, \`from\`, \`shape\`, \`dtype\`, \`bytes\` and \`lag\` of each boundary tensor. \`bench --json\`: [benchmarks](../guides/benchmarks.md).
`;

function settingKeys(): string {
  return Object.keys(PLAN_SETTINGS)
    .filter((name) => name !== 'cuts')
    .map((name) => `\`${snakeCase(name)}\``)
    .join(', ');
}

/** docs/reference/cli.md, from the commands' own help. */
export async function cliReference(): Promise<string> {
  const silent = { write: () => true };
  const io: CommandIo = { stdout: silent, stderr: silent, env: {}, signal: new AbortController().signal };
  const program = await openProgram([], io, true);
  const commands = program.commands.flatMap((command) =>
    command.commands.length === 0 ? [command] : command.commands,
  );
  const sections = commands.map(
    (command) => `## asyncdiff ${nameOf(command)}\n\n\`\`\`text\n${helpOf(command)}\n\`\`\`\n`,
  );
  return [HEAD, ...sections, JSON_KEYS].join('\n');
}

/** With the command that it belongs to: `keys add`. */
function nameOf(command: Command): string {
  const { parent } = command;
  return parent?.parent ? `${parent.name()} ${command.name()}` : command.name();
}

function helpOf(command: Command): string {
  const help = command.createHelp();
  help.prepareContext({ helpWidth: HELP_COLUMNS, error: false, outputHasColors: false });
  return help.formatHelp(command, help).trim();
}
