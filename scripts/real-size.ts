/**
 * Plans a model of real size and holds its parts against the whole: `npm run real-size -- MODEL.onnx '{"sample":[2,4,32,32]}' 2,3 [--plan-only]`.
 * One JSON line for each N: seconds, processor seconds and memory of planning, and whether the parts, run in order, give the bits of a plain session.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { planWorkers } from '../cli/reference-run.js';
import { resolvePlanSettings } from '../common/settings/index.js';
import { parseDType, type Tensor, type TypedArray } from '../common/tensor/index.js';
import { fromOrtData, openOrtSession, parseDevice } from '../execution/index.js';
import { makePlan, type Plan, segmentModel } from '../planner/index.js';
import { type InputShapes, profileInputs } from '../planner/model/index.js';

const [modelPath, shapesJson = '{}', counts = '2'] = process.argv.slice(2);
const isPlanOnly = process.argv.includes('--plan-only');
const LEVEL = 'extended';

function digest({ data }: Pick<Tensor, 'data'>): string {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}

function toTensor({ type, dims, data }: { type: string; dims: readonly number[]; data: unknown }): Tensor {
  return { dtype: parseDType(type, 'a result'), dims, data: fromOrtData(data as TypedArray) };
}

/** Peak resident memory of this process, GB; 0 where the platform does not tell. */
function peakGb(): number {
  if (process.platform !== 'linux') return 0;
  const kilobytes = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return Number(kilobytes ?? 0) / 1e6;
}

async function planFor(path: string, inputShapes: InputShapes, components: number): Promise<Plan> {
  const settings = resolvePlanSettings({ components });
  return makePlan({
    source: { kind: 'model', modelPath: path, inputShapes },
    settings,
    workers: planWorkers(settings),
    links: [],
    batchRepeat: 2,
    workDir: join(tmpdir(), 'asyncdiff-real-size'),
    threads: 1,
  });
}

/** The noise prediction of an untouched session, its digest. */
async function wholeDigest(path: string, plan: Plan, timestep: string): Promise<string> {
  const feeds = profileInputs(plan.inputs, timestep);
  const session = await InferenceSession.create(path, {
    graphOptimizationLevel: LEVEL,
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const results = await session.run(feeds);
  await session.release();
  return digest(toTensor(results[plan.output.name] as Parameters<typeof toTensor>[0]));
}

/** The same of the parts in order, one session at a time. */
async function partsDigest(plan: Plan, timestep: string): Promise<string> {
  const device = parseDevice('cpu');
  if (device.kind === 'declared') throw new Error('cpu is a real device');
  const values: Record<string, Tensor> = {};
  for (const [name, tensor] of Object.entries(profileInputs(plan.inputs, timestep)))
    values[name] = toTensor(tensor);
  for (const spec of plan.specs) {
    const options = { device, threads: 1, optimizationLevel: LEVEL } as const;
    const session = await openOrtSession(segmentModel(plan, spec.sha256), options);
    const feeds = spec.inputs.map(({ name }) => [name, values[name] as Tensor]);
    Object.assign(values, await session.run(Object.fromEntries(feeds)));
    await session.release();
  }
  return digest(values[plan.output.name] as Tensor);
}

if (modelPath === undefined)
  throw new Error('usage: npm run real-size -- MODEL.onnx SHAPES_JSON 2,3 [--plan-only]');
let whole: string | undefined;
for (const components of counts.split(',').map(Number)) {
  const [startMs, cpu] = [performance.now(), process.cpuUsage()];
  const plan = await planFor(modelPath, JSON.parse(shapesJson) as InputShapes, components);
  const { user, system } = process.cpuUsage(cpu);
  const row = {
    components,
    shape: plan.partition.shape,
    shares: plan.partition.components.map(({ share }) => Number(share.toFixed(3))),
    planSeconds: Number(((performance.now() - startMs) / 1000).toFixed(2)),
    planCpuSeconds: Number(((user + system) / 1e6).toFixed(2)),
    planPeakGb: Number(peakGb().toFixed(2)),
    estimatedGb: plan.memory.map(({ total }) => Number((total / 1e9).toFixed(2))),
    unknownOperators: plan.unknownOperators,
  };
  if (isPlanOnly) {
    console.log(JSON.stringify(row));
    continue;
  }
  const { timestepInput } = plan.partition;
  whole ??= await wholeDigest(modelPath, plan, timestepInput);
  const parts = await partsDigest(plan, timestepInput);
  console.log(JSON.stringify({ ...row, whole, parts, isEqual: whole === parts }));
}
