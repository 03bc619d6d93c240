import * as fc from 'fast-check';
import { Command } from 'commander';
import { addPlanFlags, toPlanOptions } from '../../cli/plan-flags.js';
import type { PlanOptions } from '../../common/settings/index.js';
import { fromPlanSettingsMessage, toPlanSettingsMessage } from '../../rpc/index.js';
import { coordinatorService } from '../../rpc/index.js';

/** As a client of any language sends it and the coordinator reads it. */
export function overTheWire(options: PlanOptions): PlanOptions {
  const { requestSerialize, requestDeserialize } = coordinatorService().Plan;
  const bytes = requestSerialize({ plan: toPlanSettingsMessage(options) });
  return fromPlanSettingsMessage(requestDeserialize(bytes).plan);
}

export function fromCommandLine(...words: string[]): PlanOptions {
  const command = addPlanFlags(new Command().exitOverride());
  command.action(() => {}).parse(words, { from: 'user' });
  return toPlanOptions(command.opts());
}

export const anyOptions: fc.Arbitrary<PlanOptions> = fc
  .record(
    {
      components: fc.oneof(fc.integer({ min: 1, max: 64 }), fc.constant('auto' as const)),
      stride: fc.integer({ min: 1, max: 64 }),
      warmUp: fc.oneof(fc.integer({ min: 1, max: 2000 }), fc.constant('auto' as const)),
      end: fc.oneof(fc.integer({ min: 0, max: 2000 }), fc.constant('auto' as const)),
      inOrder: fc.array(fc.nat(1999).map(String), { maxLength: 4 }),
      tolerance: fc.oneof(
        fc.double({ min: 1e-4, max: 10, noNaN: true }),
        fc.constantFrom('off' as const, 'auto' as const),
      ),
      maxSpeedLoss: fc.double({ min: 0, max: 1, noNaN: true }),
      timeShift: fc.boolean(),
      cuts: fc.array(fc.stringMatching(/^[\w/.]{1,20}$/), { maxLength: 4 }),
      shape: fc.constantFrom('auto' as const, 'sequential' as const, 'u-shaped' as const),
      microCuts: fc.oneof(fc.integer({ min: 1, max: 16 }), fc.constant('auto' as const)),
      microBatches: fc.integer({ min: 1, max: 64 }),
      lag: fc.constantFrom(1 as const, 2 as const, 'auto' as const),
      wireDtype: fc.constantFrom('float32' as const, 'float16' as const),
      recompute: fc.constantFrom('auto' as const, 'on' as const, 'off' as const),
      dataPath: fc.constantFrom('direct' as const, 'relay' as const),
      optimizationLevel: fc.constantFrom('basic' as const, 'extended' as const, 'all' as const),
      useWorkers: fc.array(fc.stringMatching(/^\w{1,20}$/), { maxLength: 4 }),
      maxWorkers: fc.oneof(fc.integer({ min: 1, max: 1024 }), fc.constant('auto' as const)),
    },
    { requiredKeys: [] },
  )
  .map((options) => ({ ...options, lookAhead: 'off' as const }));
