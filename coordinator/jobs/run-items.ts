import { AsyncDiffError } from '../../common/errors/index.js';
import { toTensorMessages } from '../../rpc/index.js';
import { declaredSource } from './generate-job.js';
import { ItemEvents } from './item-events.js';
import { checkedItems, groupsOf, type ItemsRequest, usedAs } from './item-list.js';
import { itemReport } from './item-report.js';
import { type GroupRun, type ItemProgress, type ItemRunHandlers, runGroup } from './item-run.js';
import { type JobContext, preparingMessage, restedWorkers } from './job-context.js';
import { mergeTrace, type TracedRun } from './trace.js';

/**
 * Runs a single-pass model over a list of items on the workers there are, as a pipeline: each component computes another item. Nothing is
 * stale: outputs are those of the whole model, bit for bit on one device. They are told item by item.
 */
export async function runItems(given: ItemsRequest, context: JobContext) {
  if (declaredSource(context) !== undefined)
    throw new AsyncDiffError(
      'invalid_settings',
      'declared devices stand in for a noise predictor: they run no other model',
      {
        hint: 'Use workers that compute.',
      },
    );
  const request = checkedItems(given);
  const { settings, inputs } = request;
  const startMs = performance.now();
  const { registry, deployments } = context;
  const progress: ItemProgress = { attempts: 0, restarts: 0 };
  const events = new ItemEvents(context, request.items.length);
  const handlers: ItemRunHandlers = {
    workers: () => restedWorkers(context, settings),
    onPreparing: (preparing) => context.emit({ preparing: preparingMessage(preparing) }),
    onDeployed: (deployment, rates, loss) => events.deployed(deployment, rates, loss),
    onItem: (item, outputs) => events.item(item, outputs),
  };
  const givenShapes = Object.fromEntries(Object.entries(inputs).map(([name, { dims }]) => [name, dims]));
  const runs: GroupRun[] = [];
  for (const group of groupsOf(request)) {
    const source = {
      kind: 'model' as const,
      modelPath: request.modelPath,
      inputShapes: { ...group.shapes, ...givenShapes },
      singlePass: usedAs(request),
    };
    const planned = { source, settings, batchRepeat: 1 };
    const run = await runGroup(request, group, planned, context, progress, handlers);
    runs.push(run);
    for (const worker of run.deployment.workers) registry.worked(worker);
  }
  const last = runs.at(-1) as GroupRun;
  const totalSeconds = (performance.now() - startMs) / 1000;
  context.metrics.jobDone({
    ...last,
    rounds: request.items.length,
    restarts: progress.restarts,
    roundMs: [],
  });
  deployments.worked(last.deployment);
  return {
    done: {
      report: itemReport(request, runs, { totalSeconds, restarts: progress.restarts }),
      states: toTensorMessages(last.states),
      trace: request.trace ? mergeTrace(runs.map(tracedRun), context.phases.done) : '',
    },
  };
}

function tracedRun({ deployment, workers }: GroupRun): TracedRun {
  return { deployment, workers, samplerSpans: [] };
}
