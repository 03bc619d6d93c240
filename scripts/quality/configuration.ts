import { type PlanSettings, resolvePlanSettings } from '../../common/settings/index.js';
import { type DenoiseJob, jobSchedule } from '../../execution/index.js';
import type { Plan } from '../../planner/index.js';

/** How pictures are drawn, as a list of words writes it. */
export interface Configuration {
  readonly name: string;
  readonly settings: PlanSettings;
  readonly replicas: boolean;
  /** What the words say of the prediction; what they leave open is the product's default. */
  readonly lookAhead: { readonly slope: number | undefined; readonly gate: boolean | undefined };
}

/** For `--help` and errors. */
const CONFIGURATION_GRAMMAR =
  'nN components, sS stride, wW and eE steps in order at the start and the end, lL lag, u (U-shaped), plain (AsyncDiff), tX tolerance ' +
  'of the drift (t0: off), gX slope (0 to 1), gate or nogate, r (replicas), f16 (float16 between components); what is left out is the default';

/** `n2,w3,plain`, `n3,w2,e2,t0.05`, `n2`. */
export function parseConfiguration(name: string): Configuration {
  const words = name.split(',');
  const number = (letter: string): number | undefined => {
    const word = words.find((one) => new RegExp(`^${letter}[\\d.]+$`).test(one));
    return word === undefined ? undefined : Number(word.slice(letter.length));
  };
  const known = /^([nswetlg][\d.]+|u|plain|r|gate|nogate|f16)$/;
  const unknown = words.find((word) => !known.test(word));
  if (unknown !== undefined) throw new Error(`${name}: what is "${unknown}"? ${CONFIGURATION_GRAMMAR}`);
  const tolerance = number('t');
  const settings = resolvePlanSettings({
    components: number('n') ?? 2,
    stride: number('s'),
    lag: number('l') as 1 | 2 | undefined,
    warmUp: number('w'),
    end: number('e'),
    tolerance: tolerance === 0 ? 'off' : tolerance,
    lookAhead: words.includes('plain') ? 'off' : 'on',
    shape: words.includes('u') ? 'u-shaped' : 'sequential',
    wireDtype: words.includes('f16') ? 'float16' : 'float32',
    microCuts: 1,
  });
  const gate = words.includes('gate') ? true : words.includes('nogate') ? false : undefined;
  return { name, settings, replicas: words.includes('r'), lookAhead: { slope: number('g'), gate } };
}

/** What of a job its program is made from. */
interface ConfiguredJob extends Pick<DenoiseJob, 'sampler' | 'guidance'>, Pick<Plan, 'partition'> {
  readonly configuration: Configuration;
}

/** The program's settings and how latents are predicted, as the product chooses them, with what the words say in their place. */
export function programOf({
  configuration,
  sampler,
  guidance,
  partition,
}: ConfiguredJob): ReturnType<typeof jobSchedule> {
  const { settings, replicas } = configuration;
  const workers = replicas && settings.stride !== 'auto' ? settings.stride : 1;
  const placement = partition.components.map((component, at) =>
    at === partition.components.length - 1
      ? Array.from({ length: workers }, (_, i) => `${i}`)
      : [`${component.index}`],
  );
  const { schedule, lookAhead: usual } = jobSchedule({
    settings,
    sampler,
    guidance,
    plan: { partition, placement },
  });
  if (usual === undefined) return { schedule, lookAhead: undefined };
  const { slope = usual.slope, gate } = configuration.lookAhead;
  const gateAbove = gate === false ? undefined : usual.gateAbove;
  return { schedule, lookAhead: { ...usual, slope, gateAbove } };
}
