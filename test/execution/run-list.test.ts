import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, it } from 'vitest';
import { type Tensor, type ValueSpec, zeros } from '../../common/tensor/index.js';
import {
  issuedRound,
  loadSegments,
  openOrtSession,
  parseDevice,
  TaskExecutor,
  runSettings,
} from '../../execution/index.js';
import { makePlan, segmentModel } from '../../planner/index.js';
import { itemInputName, JobProgram } from '../../program/index.js';
import { type ListModel, listModels } from '../support/list-models.js';
import { writeModel } from '../support/onnx-builder.js';
import { expectSame, plainly } from '../support/plain-list.js';

const folder = mkdtempSync(join(tmpdir(), 'asyncdiff-pieces-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const models = listModels().map((each, at) => {
  const own = join(folder, String(at));
  mkdirSync(own);
  return { ...each, modelPath: writeModel(each.model, own) };
});

/** All pieces in this process, every item issued before the first one runs. */
async function inPieces(
  modelPath: string,
  { items, inputs, states }: ListModel,
  cuts: readonly string[],
): Promise<Record<string, Tensor>[]> {
  const shapes = { ...items[0], ...inputs };
  const plan = await makePlan({
    source: {
      kind: 'model',
      modelPath,
      inputShapes: Object.fromEntries(Object.entries(shapes).map(([name, { dims }]) => [name, dims])),
      singlePass: {
        inputs: Object.keys(items[0] ?? {}),
        states: states.map(({ output, input }) => ({ input, value: output })),
      },
    },
    settings: runSettings({ cuts }),
    workers: ['a', 'b', 'c']
      .slice(0, cuts.length + 1)
      .map((id) => ({ id, hostId: 'here', speed: 1, roundTripMs: 0 })),
    links: [],
    batchRepeat: 1,
    workDir: folder,
    threads: 1,
  });
  const segments = await loadSegments(plan.specs, (spec) =>
    openOrtSession(segmentModel(plan, spec.sha256), {
      device: parseDevice('cpu') as never,
      threads: 1,
      optimizationLevel: 'extended',
    }),
  );
  const outputs: Record<string, Tensor>[] = items.map(() => ({}));
  let failure: unknown;
  const executor = new TaskExecutor({
    onBoundary: () => undefined,
    onNoise: () => undefined,
    onOutput: (_job, item, name, tensor) => {
      (outputs[item] as Record<string, Tensor>)[name] = tensor;
    },
    onLatents: () => undefined,
    onRoundDone: () => undefined,
    onHeld: () => undefined,
    onFault: (_job, error) => {
      failure = error;
    },
    leaves: () => false,
  });
  executor.load('plan', segments);
  executor.startJob({
    jobId: 'job',
    attempt: 0,
    deploymentId: 'plan',
    conditioning: {},
    timesteps: [],
    guidance: undefined,
    trace: false,
  });
  const program = new JobProgram(plan.partition, {
    numInferenceSteps: items.length,
    stride: 1,
    warmUp: items.length,
    timeShift: false,
  });
  for (const { input, value } of plan.partition.carried ?? []) {
    const { dtype, dims } = plan.inputs.find(({ name }) => name === input) as ValueSpec;
    executor.addTensor(
      'job',
      0,
      value,
      (program.rounds[0]?.round ?? 0) - 1,
      inputs[input] ?? zeros(dtype, dims),
    );
  }
  for (const [at, round] of program.rounds.entries()) {
    executor.addRound('job', 0, issuedRound(program, round, program.tasks(round), 'nothing'));
    for (const [name, tensor] of Object.entries(items[at] ?? {}))
      executor.addTensor('job', 0, itemInputName(name), at, tensor);
  }
  await executor.idle();
  await executor.unload('plan');
  if (failure !== undefined) throw failure;
  return outputs;
}

describe.each(models)('$kind', ({ modelPath, ...model }) => {
  it.each([1, 2])('its pieces, cut at %d values, equal the file itself bit for bit', async (count) => {
    const dims = JSON.stringify(Object.values(model.items[0] ?? {}).map((tensor) => tensor.dims));
    const alike = model.items.filter(
      (item) => JSON.stringify(Object.values(item).map((tensor) => tensor.dims)) === dims,
    );
    const list = { ...model, items: alike.slice(0, 5) };
    const made = await inPieces(modelPath, list, model.cuts.slice(0, count));
    const expected = await plainly(modelPath, list);
    for (const [at, outputs] of expected.outputs.entries())
      expectSame(made[at] ?? {}, outputs, `item ${at} in ${count + 1} pieces`);
  });
});
