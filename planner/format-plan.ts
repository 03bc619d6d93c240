import { settingsDocument } from '../common/settings/index.js';
import { componentInHalf } from '../program/index.js';
import { choiceDocument } from './choice-text.js';
import { describePartition } from './search/index.js';
import { configurationName } from './choice/index.js';
import type { Plan } from './plan.js';

const PLAN_SCHEMA = 'asyncdiff.plan/1';

/** The document that `asyncdiff plan --json` prints. */
export function formatPlan(plan: Plan) {
  return {
    schema: PLAN_SCHEMA,
    plan_id: plan.planId,
    config: configurationOf(plan),
    single_pass: plan.partition.carried !== undefined,
    ...settingsDocument(plan.settings),
    declared: plan.declared,
    predicted_period_ms: plan.predicted.periodMs,
    critical_cycle: plan.predicted.criticalCycle,
    placement: plan.placement.map((workers, index) => {
      const component = componentInHalf(plan.partition, index + 1);
      return plan.partition.halves === 1
        ? { component, workers }
        : { component, half: index + 1 === component ? 1 : 2, workers };
    }),
    inputs: plan.inputs,
    unknown_operators: plan.unknownOperators,
    memory: plan.memory.map(({ weights, activations, overhead, total }, index) => ({
      component: index + 1,
      weight_bytes: weights,
      activation_bytes: activations,
      overhead_bytes: overhead,
      total_bytes: total,
    })),
    ...(plan.choice === undefined ? {} : { choice: choiceDocument(plan.choice) }),
    ...describePartition(plan.partition),
  };
}

/** As benchmarks write it. */
function configurationOf({ settings, partition }: Plan): string {
  const { components, stride, stepParallel, lag } = settings;
  return configurationName({ halves: partition.halves, components, stride, stepParallel, lag });
}
