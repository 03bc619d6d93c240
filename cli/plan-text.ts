import { gigabytes, megabytes } from '../common/byte-text.js';
import type { PlanDocument } from '../client/index.js';
import type { PlannedComponent } from '../common/plan-document/index.js';
import { type Choice, choiceLines, PROCESS_BYTES } from '../planner/index.js';
import { inputsLine } from './predictor-inputs.js';

/** A plan for people, line by line. */
export function planLines(
  modelPath: string,
  document: PlanDocument & { readonly micro_cuts: number },
  choice: Choice | undefined,
): string[] {
  const { components, single_pass: isSinglePass } = document;
  const count = `${components.length} component${components.length === 1 ? '' : 's'}`;
  const head = isSinglePass
    ? `${count}, run over a list`
    : `${document.config}, ${count}, ${document.shape}, at most ${document.micro_cuts} session${document.micro_cuts === 1 ? '' : 's'} each`;
  const computed = components.reduce((sum, { share }) => sum + share, 0);
  const recomputes = components.some((part) => part.recomputes.length > 0);
  const moved = `${(document.bytes_per_round / 1e6).toFixed(3)} MB ${isSinglePass ? 'an item' : 'a round'}`;
  const broadcast = `${(document.broadcast_bytes_per_round / 1e6).toFixed(1)} MB`;
  return [
    `${modelPath}: ${head}`,
    ...(isSinglePass ? [givenInputs(document)] : inputsLine(modelPath)),
    ...(choice === undefined ? [] : choiceLines(choice)),
    ...components.flatMap((part) => componentLines(part, document)),
    ...(recomputes
      ? [
          `together ${(computed * 100).toFixed(1)} % of the predictor: what is computed again counts in each component that does`,
        ]
      : []),
    `between workers ${moved}${isSinglePass ? '' : ` (broadcasting every module: ${broadcast})`}`,
    ...(document.unknown_operators.length > 0
      ? [`counted by their output, their work is not known: ${document.unknown_operators.join(', ')}`]
      : []),
    isSinglePass ? itemLine(document) : `predicted round ${document.predicted_period_ms.toFixed(2)} ms`,
    ...(document.parts ?? []).map(
      ({ part, runs, cost_ms, weight_bytes, memory_bytes, worker }) =>
        `${part}: ${runs} run${runs === 1 ? '' : 's'}, ${cost_ms.toFixed(2)} ms, ${megabytes(weight_bytes)} of weights, about ${gigabytes(memory_bytes)} of memory, ${worker === undefined ? 'on no worker: none has the memory' : `on ${worker}`}`,
    ),
    ...workerLines(document),
  ];
}

/** What each worker holds, with its time and memory together; parts of a pipeline beside the components. */
function workerLines({ placement, components, memory, parts = [] }: PlanDocument): string[] {
  const names = [...new Set(placement.flatMap(({ workers }) => workers))];
  return names.map((name) => {
    const held = new Set(
      placement.flatMap(({ component, workers }) => (workers.includes(name) ? [component] : [])),
    );
    const own = components.filter(({ component }) => held.has(component));
    const others = parts.filter(({ worker }) => worker === name);
    const each = [
      ...memory.flatMap((one) => (held.has(one.component) ? [one.total_bytes] : [])),
      ...others.map(({ memory_bytes }) => memory_bytes),
    ];
    // Every estimate has the process in it.
    const bytes = each.reduce((sum, one) => sum + one, 0) - Math.max(0, each.length - 1) * PROCESS_BYTES;
    const stepMs = own.reduce((sum, { cost_ms }) => sum + cost_ms, 0);
    const partMs = others.reduce((sum, { cost_ms }) => sum + cost_ms, 0);
    const what = [...own.map(({ component }) => `component ${component}`), ...others.map(({ part }) => part)];
    const beside = others.length === 0 ? '' : ` and ${partMs.toFixed(2)} ms besides`;
    const needed = bytes === 0 ? '' : `, about ${gigabytes(bytes)} of memory`;
    return `${name}: ${what.join(', ')}; ${stepMs.toFixed(2)} ms a step${beside}${needed}`;
  });
}

function componentLines(part: PlannedComponent, { single_pass, memory }: PlanDocument): string[] {
  const own = memory.find(({ component }) => component === part.component);
  const needed = own === undefined ? '' : `, about ${gigabytes(own.total_bytes)} of memory`;
  return [
    `component ${part.component}: ${(part.share * 100).toFixed(1)} % of the compute (${part.cost_ms.toFixed(2)} ms), ${part.nodes} nodes, ${megabytes(part.weight_bytes)} of weights${needed}`,
    ...part.recomputes.map((value) => `  computes ${value} again from the latents: fresh, not sent`),
    ...part.receives.map(({ name, from, shape, dtype, bytes, lag }) => {
      const age = single_pass ? '' : `, ${lag} round${lag === 1 ? '' : 's'} old`;
      return `  receives ${name} from ${from}: ${dtype} [${shape.join(',')}], ${bytes < 1000 ? `${bytes} B` : `${(bytes / 1e3).toFixed(1)} kB`}${age}`;
    }),
  ];
}

/** Of a pipeline that is full, on one core each: links are not in it. */
function itemLine({ components }: PlanDocument): string {
  const each = components.map(({ cost_ms }) => cost_ms);
  const [slowest, all] = [Math.max(...each), each.reduce((sum, ms) => sum + ms, 0)];
  return `predicted ${slowest.toFixed(2)} ms an item once all components are busy, ${all.toFixed(2)} ms on one worker (${(all / slowest).toFixed(2)}x)`;
}

function givenInputs({ inputs }: PlanDocument): string {
  return `inputs: ${inputs.map(({ name, dtype, dims }) => `${name} ${dtype} [${dims.join(',')}]`).join(', ')}`;
}
