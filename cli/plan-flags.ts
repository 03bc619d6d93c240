import type { Command } from 'commander';
import type { PlanOptions } from '../client/index.js';
import { AsyncDiffError } from '../common/errors/index.js';
import type { PlanSettings } from '../planner/index.js';
import { flag } from './flag.js';

/** Flags that say how the predictor is spread, as commander parses them. */
export interface PlanFlags {
  readonly components?: number;
  readonly stride?: number;
  readonly warmUp?: number;
  readonly timeShift?: boolean;
  readonly cut?: string[];
  readonly dataPath?: 'direct' | 'relay';
  readonly wireDtype?: 'float32' | 'float16';
  readonly recompute?: 'on' | 'off';
  readonly lag?: number | 'auto';
  readonly microCuts?: number | 'auto';
  readonly microBatches?: number;
  readonly shape?: 'auto' | 'sequential' | 'u-shaped';
  readonly optimizationLevel?: 'basic' | 'extended' | 'all';
}

/** A flag's value as a whole number in a range. */
export function wholeNumber(
  name: string,
  least: number,
  most = Number.MAX_SAFE_INTEGER,
): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
    throw new AsyncDiffError('usage', `--${name} takes a whole number ${range}, not "${text}"`);
  };
}

/** A flag's value as a number, in a range if one is given. */
export function realNumber(
  name: string,
  least = Number.NEGATIVE_INFINITY,
  most = Number.POSITIVE_INFINITY,
): (text: string) => number {
  return (text) => {
    const value = Number(text);
    const isNumber = text.trim() !== '' && Number.isFinite(value);
    if (isNumber && value >= least && value <= most) return value;
    const wanted = isNumber ? `${least} to ${most}` : 'a number';
    throw new AsyncDiffError('usage', `--${name} takes ${wanted}, not "${text}"`);
  };
}

export function collect(text: string, before: string[] | undefined): string[] {
  return [...(before ?? []), text];
}

function numberOrAuto(name: string, least: number, most: number): (text: string) => number | 'auto' {
  return (text) => (text === 'auto' ? 'auto' : wholeNumber(name, least, most)(text));
}

/** Adds the flags that generate, denoise and plan share; `components` says what N is where it is not given. */
export function addPlanFlags(command: Command, components = 'one per worker'): Command {
  return addCommonPlanFlags(
    command
      .addOption(
        flag('--components <n>', `parts of the noise predictor (default: ${components})`).argParser(
          wholeNumber('components', 1),
        ),
      )
      .addOption(
        flag('--stride <s>', 'steps finished per round (default: 1)').argParser(wholeNumber('stride', 1)),
      ),
  );
}

/** Those without N and S, which bench takes from its configurations. */
export function addCommonPlanFlags(command: Command): Command {
  return (
    command
      .addOption(
        flag('--warm-up <w>', 'leading steps without stale inputs (default: 3)').argParser(
          wholeNumber('warm-up', 1),
        ),
      )
      // Not from the environment, where ASYNCDIFF_TIME_SHIFT=0 would switch it on.
      .option('--time-shift', "AsyncDiff's time_shift: timesteps of one step earlier in asynchronous rounds")
      .addOption(
        flag(
          '--cut <value>',
          'end a component with the node that makes this value (repeatable); with --shape u-shaped the first ends the head',
        ).argParser(collect),
      )
      .addOption(
        flag('--shape <shape>', 'where the cuts may lie').choices(['auto', 'sequential', 'u-shaped']),
      )
      .addOption(
        flag('--micro-cuts <m>', 'sessions per component, 1 to 16, or auto (default: auto)').argParser(
          numberOrAuto('micro-cuts', 1, 16),
        ),
      )
      .addOption(
        flag(
          '--micro-batches <m>',
          'compute the batch in m parts, one after another: warm-up steps run as a pipeline (default: 1)',
        ).argParser(wholeNumber('micro-batches', 1, 64)),
      )
      .addOption(
        flag(
          '--lag <l>',
          '2: one ring cut is two rounds old, which hides transfers; or auto (default: 1)',
        ).argParser(numberOrAuto('lag', 1, 2)),
      )
      .addOption(
        flag('--wire-dtype <dtype>', 'element type of float32 tensors between workers').choices([
          'float32',
          'float16',
        ]),
      )
      .addOption(
        flag(
          '--recompute <what>',
          "on: a U-Net's conv_in is computed by every component that reads it, and fresh there; off: sent, as in the paper (default: off with --cut, on without)",
        ).choices(['on', 'off']),
      )
      .addOption(
        flag('--data-path <path>', 'between workers: direct, or relayed by the coordinator').choices([
          'direct',
          'relay',
        ]),
      )
      .addOption(
        flag(
          '--optimization-level <level>',
          "ONNX Runtime's graph optimisations (default: extended)",
        ).choices(['basic', 'extended', 'all']),
      )
  );
}

/** The same for a plan that is made in this process, with what a coordinator takes for what is left out. */
export function toPlannerSettings(options: PlanOptions, components: number): PlanSettings {
  return {
    components: options.components ?? components,
    stride: options.stride ?? 1,
    cuts: options.cuts ?? [],
    shape: options.shape ?? 'auto',
    wireDtype: options.wireDtype ?? 'float32',
    recompute: options.recompute ?? 'auto',
    lag: options.lag ?? 1,
    microCuts: options.microCuts ?? 0,
    microBatches: options.microBatches ?? 1,
  };
}

export function toPlanOptions(flags: PlanFlags): PlanOptions {
  return {
    components: flags.components,
    stride: flags.stride,
    warmUp: flags.warmUp,
    timeShift: flags.timeShift,
    cuts: flags.cut,
    dataPath: flags.dataPath,
    wireDtype: flags.wireDtype,
    recompute: flags.recompute,
    lag: flags.lag === undefined ? undefined : flags.lag === 'auto' ? 0 : (flags.lag as 1 | 2),
    microCuts: flags.microCuts === undefined || flags.microCuts === 'auto' ? 0 : flags.microCuts,
    microBatches: flags.microBatches,
    shape: flags.shape,
    optimizationLevel: flags.optimizationLevel,
  };
}
