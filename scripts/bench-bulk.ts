/**
 * Weights on their way to workers over a shaped link: how much of the link they take, how long the slowest ping takes meanwhile, and how much
 * memory the coordinator takes. Hosts are network namespaces; the model is a chain of large matrices, so that nothing but its bytes counts.
 * `npm run bench:bulk -- [--gb 1.74] [--workers 1] [--rate-gbit 1] [--settings '{"stride":2}'] [--folder DIR]`
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { encodeModel, type NodeProto, type TensorProto } from '../common/model-file/index.js';
import { BULK_NODE_ARGUMENTS } from '../common/process-tuning.js';
import { distFile } from '../common/package.js';
import { resolvePlanSettings } from '../common/settings/index.js';
import { Coordinator } from '../coordinator/index.js';
import type { Namespace } from './multihost/namespace.js';
import { Network } from './multihost/network.js';
import { requireNamespaces } from './multihost/requirements.js';

const MIB = 2 ** 20;
const LATENTS = [4, 64, 64];
const WIDTH = 16_384;
/** One matrix of [16384, 1024] float32. */
const MATRIX_BYTES = 64 * MIB;
const PING_EVERY_MS = 50;
const PORT = 7000;

/** A predictor of so many pairs of matrices, weights beside it; its path. */
function writeChain(folder: string, matrices: number): string {
  const file = openSync(join(folder, 'model.onnx_data'), 'w');
  const weights: TensorProto[] = [];
  const nodes: NodeProto[] = [];
  const add = (op_type: string, input: string[], output: string): void => {
    nodes.push({ name: output, op_type, input, output: [output], attribute: [] });
  };
  const bytes = Buffer.allocUnsafe(MATRIX_BYTES);
  add('Reshape', ['sample', 'flat'], 'h');
  for (let at = 0; at < matrices; at++) {
    // Finite, and another content for each: tensors are named by it.
    randomFillSync(bytes);
    for (let byte = 3; byte < bytes.length; byte += 4) bytes[byte] = 0x3c;
    writeSync(file, bytes);
    const external = Object.entries({
      location: 'model.onnx_data',
      offset: at * MATRIX_BYTES,
      length: MATRIX_BYTES,
    });
    weights.push({
      name: `w${at}`,
      dims: at % 2 === 0 ? [WIDTH, 1024] : [1024, WIDTH],
      data_type: 1,
      data_location: 1,
      external_data: external.map(([key, value]) => ({ key, value: String(value) })),
    });
    add('MatMul', [at === 0 ? 'h' : `h${at - 1}`, `w${at}`], `h${at}`);
  }
  closeSync(file);
  add('Add', [`h${matrices - 1}`, 'timestep'], 'timed');
  add('Reshape', ['timed', 'shape'], 'out_sample');
  const list = (name: string, values: number[]): TensorProto => ({
    name,
    dims: [values.length],
    data_type: 7,
    int64_data: values,
  });
  const value = (name: string, dims: number[]) => ({
    name,
    type: { tensor_type: { elem_type: 1, shape: { dim: dims.map((dim_value) => ({ dim_value })) } } },
  });
  const path = join(folder, 'model.onnx');
  writeFileSync(
    path,
    encodeModel({
      ir_version: 8,
      opset_import: [{ domain: '', version: 17 }],
      producer_name: 'bench-bulk',
      graph: {
        name: 'chain',
        node: nodes,
        initializer: [...weights, list('flat', [1, WIDTH]), list('shape', [1, ...LATENTS])],
        input: [value('sample', [1, ...LATENTS]), value('timestep', [1])],
        output: [value('out_sample', [1, ...LATENTS])],
      },
    }),
  );
  return path;
}

function residentBytes(): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0) * 1024;
}

/** The coordinator's process: prints one line of JSON. */
async function coordinate(
  modelPath: string,
  address: string,
  workers: number,
  settings: object,
): Promise<void> {
  const coordinator = await Coordinator.start({
    listen: address,
    workDir: join(modelPath, '..', 'plans'),
    security: { insecure: true },
    log: { info: () => undefined, warn: (fields, message) => console.error(message, fields) },
  });
  await coordinator.registry.waitFor(workers, 120_000);
  const request = {
    source: {
      kind: 'model' as const,
      modelPath,
      inputShapes: { sample: [1, ...LATENTS], timestep: [1] },
    },
    settings: resolvePlanSettings({ components: workers, ...settings }),
    batchRepeat: 1,
    workers: coordinator.registry.usable,
  };
  await coordinator.deployments.plan(request);
  const [handle] = request.workers;
  const before = residentBytes();
  let most = before;
  let stage = 'send';
  /** By what the worker was at when the ping was sent. */
  const slowestMs: Record<string, number> = {};
  const over = new AbortController();
  const watching = (async () => {
    while (!over.signal.aborted) {
      const sinceMs = performance.now();
      const during = stage;
      await handle?.confirm();
      slowestMs[during] = Math.max(slowestMs[during] ?? 0, performance.now() - sinceMs);
      most = Math.max(most, residentBytes());
      await new Promise((resolve) => setTimeout(resolve, PING_EVERY_MS));
    }
  })();
  const sent: { readonly ms: number; readonly bytes: number }[] = [];
  let totalBytes = 0;
  const beganMs = performance.now();
  const cpu = process.cpuUsage();
  await coordinator.deployments.deploy(request, undefined, ({ stage: at, bytes }) => {
    if (sent.length > 0) stage = at;
    if (at !== 'send' || bytes === undefined) return;
    sent.push({ ms: performance.now(), bytes: bytes.doneBytes });
    totalBytes = bytes.totalBytes;
  });
  const deployedMs = performance.now() - beganMs;
  const used = process.cpuUsage(cpu);
  over.abort();
  await watching;
  const [first, last] = [sent[0], sent.at(-1)];
  const sendMs = (last?.ms ?? 0) - (first?.ms ?? 0);
  console.log(
    JSON.stringify({
      total_bytes: totalBytes,
      send_seconds: sendMs / 1000,
      bytes_per_second: ((last?.bytes ?? 0) - (first?.bytes ?? 0)) / (sendMs / 1000),
      deployed_seconds: deployedMs / 1000,
      slowest_ping_ms: slowestMs['send'],
      slowest_ping_ms_by_stage: slowestMs,
      coordinator_cpu_seconds: (used.user + used.system) / 1e6,
      coordinator_before_mb: before / 1e6,
      coordinator_growth_mb: (most - before) / 1e6,
    }),
  );
  await coordinator.stop(0);
  process.exit();
}

function start(namespace: Namespace, words: readonly string[]): ChildProcess {
  const [program, ...rest] = namespace.command(process.execPath, ...BULK_NODE_ARGUMENTS, ...words);
  return spawn(program, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      gb: { type: 'string', default: '1.74' },
      workers: { type: 'string', default: '1' },
      'rate-gbit': { type: 'string', default: '1' },
      settings: { type: 'string', default: '{}' },
      folder: { type: 'string', default: tmpdir() },
    },
  });
  requireNamespaces('npm run bench:bulk');
  const workers = Number(values.workers);
  const rateBitsPerSecond = Number(values['rate-gbit']) * 1e9;
  const folder = mkdtempSync(join(values.folder, 'asyncdiff-bulk-'));
  const namespaces: Namespace[] = [];
  const children: ChildProcess[] = [];
  try {
    const matrices = 2 * Math.max(1, Math.round((Number(values.gb) * 1e9) / MATRIX_BYTES / 2));
    const modelPath = writeChain(folder, matrices);
    const { coordinator, workers: hosts } = await Network.make(
      workers,
      { rateBitsPerSecond, delayMs: 0 },
      (namespace) => namespaces.push(namespace),
      new AbortController().signal,
    );
    const address = `${coordinator.ip}:${PORT}`;
    const script = fileURLToPath(import.meta.url);
    const main = start(coordinator.namespace, [
      script,
      'coordinator',
      modelPath,
      address,
      values.workers,
      values.settings,
    ]);
    children.push(main);
    for (const { namespace, ip, number } of hosts) {
      const own = `${ip}:${PORT}`;
      const where = ['--join', address, '--listen', own, '--advertise', own, '--insecure', '--threads', '1'];
      const cache = ['--cache', join(folder, `host-${number}`), '--exit-with-stdin'];
      children.push(start(namespace, [distFile('cli/main.js'), 'worker', ...where, ...cache]));
    }
    let said = '';
    main.stdout?.on('data', (text: Buffer) => {
      said += text.toString();
    });
    await new Promise((resolve) => main.once('close', resolve));
    const result = JSON.parse(said) as { bytes_per_second: number };
    console.log(
      JSON.stringify({
        ...result,
        workers,
        share_of_link: (result.bytes_per_second * 8) / rateBitsPerSecond,
      }),
    );
  } finally {
    for (const child of children) child.kill('SIGKILL');
    for (const namespace of namespaces.toReversed()) await namespace.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

const [, , role, ...rest] = process.argv;
if (role === 'coordinator') {
  const [modelPath = '', address = '', workers = '1', settings = '{}'] = rest;
  await coordinate(modelPath, address, Number(workers), JSON.parse(settings) as object);
} else await main();
