import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { planWorkers } from '../../cli/reference-run.js';
import { resolvePlanSettings } from '../../common/settings/index.js';
import { endProcess } from '../../planner/child-process.js';
import { planInProcess, type PlanningProgress, type PlanRequest } from '../../planner/index.js';
import { node, predictor, weight, writeModel } from '../support/onnx-builder.js';
import { smallPredictor } from '../support/small-predictor.js';
import { tempFolder } from '../support/temp-folder.js';

function requestFor(modelPath: string, workDir: string, sample = [2, 4, 8, 8]): PlanRequest {
  const settings = resolvePlanSettings({ components: 2 });
  return {
    source: { kind: 'model', modelPath, inputShapes: { sample } },
    settings,
    workers: planWorkers(settings),
    links: [],
    batchRepeat: 2,
    workDir,
    threads: 1,
  };
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);
}

/** Ids of this process's children. */
function children(): string[] {
  return readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').split(' ').filter(Boolean);
}

describe('planInProcess', () => {
  it('makes a plan whose artifacts are graphs of its own and ranges of the model file', async () => {
    const modelPath = writeModel(smallPredictor(), tempFolder());
    const workDir = tempFolder();
    const stages: PlanningProgress[] = [];
    const plan = await planInProcess(requestFor(modelPath, workDir), {
      onProgress: (progress) => void stages.push(progress),
    });
    expect(plan.partition.components).toHaveLength(2);
    for (const { sha256 } of plan.specs) {
      const graph = plan.artifacts.get(sha256);
      expect(graph?.path.startsWith(workDir)).toBe(true);
      for (const tensor of graph?.tensors ?? []) expect(plan.artifacts.get(tensor)?.path).toBe(modelPath);
    }
    expect(new Set(stages.map(({ stage }) => stage))).toEqual(new Set(['fold', 'cut', 'hash']));
    const again = await planInProcess(requestFor(modelPath, workDir));
    expect(again.planId).toBe(plan.planId);
  });

  it('gives the error of the process with its code', async () => {
    const wrong = predictor([node('Frobnicate', ['sample'], ['out_sample'])]);
    await expect(
      planInProcess(requestFor(writeModel(wrong, tempFolder()), tempFolder())),
    ).rejects.toMatchObject({ code: 'model_invalid', message: expect.stringContaining('Frobnicate') });
  });

  it.skipIf(process.platform !== 'linux')(
    'is killed at any moment, and leaves neither a process nor a file behind',
    async () => {
      const modelPath = writeModel(smallPredictor(), tempFolder());
      for (const stage of ['', 'fold', 'cut', 'hash']) {
        const workDir = tempFolder();
        const controller = new AbortController();
        const before = children();
        const plan = planInProcess(requestFor(modelPath, workDir), {
          signal: controller.signal,
          onProgress: (progress) => {
            if (progress.stage === stage) controller.abort();
          },
        });
        if (stage === '') setTimeout(() => controller.abort(), 50);
        await expect(plan).rejects.toMatchObject({ code: 'cancelled' });
        expect(children().filter((pid) => !before.includes(pid))).toEqual([]);
        expect(filesIn(workDir).filter((name) => name.endsWith('.tmp'))).toEqual([]);
      }
    },
  );

  it.skipIf(process.platform !== 'linux')(
    'is started anew where something outside kills it, once; then that is told',
    async () => {
      const modelPath = writeModel(smallPredictor(), tempFolder());
      const kill = (): void => {
        for (const pid of children()) process.kill(Number(pid), 'SIGKILL');
      };
      let told = 0;
      const plan = await planInProcess(requestFor(modelPath, tempFolder()), {
        onProgress: () => {
          told += 1;
          if (told === 1) kill();
        },
      });
      expect(plan.partition.components).toHaveLength(2);
      await expect(
        planInProcess(requestFor(modelPath, tempFolder()), { onProgress: kill }),
      ).rejects.toMatchObject({ code: 'memory_exceeded', message: expect.stringContaining('SIGKILL') });
    },
  );

  it.skipIf(process.platform !== 'linux')(
    'ends with its request, also where the request cannot even be sent',
    async () => {
      const before = children();
      const request = requestFor(writeModel(smallPredictor(), tempFolder()), tempFolder());
      // A function does not cross processes: sending throws.
      await expect(planInProcess({ ...request, subject: (() => 0) as never })).rejects.toMatchObject({
        message: expect.stringContaining('could not be cloned'),
      });
      expect(children().filter((pid) => !before.includes(pid))).toEqual([]);
    },
  );

  it('is waited for no longer than it may take to end', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)'], { stdio: 'ignore' });
    const kill = child.kill.bind(child);
    // As one in a system call that nothing interrupts.
    child.kill = () => true;
    expect(await endProcess(child, 50)).toBe(false);
    child.kill = kill;
    expect(await endProcess(child)).toBe(true);
    expect(await endProcess(child)).toBe(true);
  });

  it('refuses a graph of a billion folded elements before it fills the memory', async () => {
    const shape = { dims: [3], data_type: 7, int64_data: [1200, 1000, 1000], name: 'shape' };
    const model = predictor(
      [
        node('ConstantOfShape', ['shape'], ['huge']),
        node('ReduceSum', ['huge'], ['sum'], { keepdims: 0 }),
        node('Add', ['sample', 'sum'], ['out_sample']),
      ],
      [shape],
    );
    await expect(
      planInProcess(requestFor(writeModel(model, tempFolder()), tempFolder())),
    ).rejects.toMatchObject({
      code: 'model_unsupported',
      message: expect.stringContaining('1,200,000,000 elements'),
    });
  });

  it('plans a model that was written anew under its name anew', async () => {
    const folder = tempFolder();
    const workDir = tempFolder();
    const model = predictor(
      [node('Conv', ['sample', 'w'], ['a'], { pads: [1, 1, 1, 1] }), node('Sigmoid', ['a'], ['out_sample'])],
      [weight('w', [4, 4, 3, 3])],
    );
    const first = await planInProcess(requestFor(writeModel(model, folder), workDir));
    for (const tensor of model.graph?.initializer ?? [])
      if (tensor.name === 'w') tensor.raw_data = weight('another', [4, 4, 3, 3]).raw_data as Uint8Array;
    const second = await planInProcess(requestFor(writeModel(model, folder), workDir));
    expect(second.planId).not.toBe(first.planId);
  });
});
