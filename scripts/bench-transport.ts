#!/usr/bin/env node
// Throughput of the tensor exchange against raw TCP, in the same run: docs/reference/transport.md says what is measured.
import { type ChildProcess, fork } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from '../common/statistics/index.js';
import { ALLOCATOR_ENVIRONMENT, BULK_NODE_ARGUMENTS } from '../common/process-tuning.js';
import type { Job, Kind, PeerMessage, Result, Role } from './bench-transport-peer.js';

const OPTIONS = {
  'message-mb': { type: 'string', default: '8' },
  'delay-ms': { type: 'string', default: '0' },
  'total-mb': { type: 'string', default: '256' },
  repeats: { type: 'string', default: '5' },
  memory: { type: 'string', default: 'tuned' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

const HELP = `bench-transport: tensors over gRPC against raw TCP, separate processes, A B A B

  --message-mb N   size of one tensor, MB (8)
  --delay-ms N     round trip added by a user-space proxy in the path of both, ms (0: no proxy)
  --total-mb N     sent in each measurement, MB (256)
  --repeats N      measurements of each kind (5)
  --memory M       tuned (allocator and heap as workers have them) or default
  --json           one JSON document on stdout
`;

type Direction = Job['direction'];

class Peer {
  readonly #child: ChildProcess;
  #settle: { resolve: (message: PeerMessage) => void; reject: (error: Error) => void } | undefined;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (message: PeerMessage) => this.#settle?.resolve(message));
    child.on('exit', () => this.#settle?.reject(new Error('a process of the benchmark died')));
  }

  static async start(
    role: Role,
    environment: NodeJS.ProcessEnv,
  ): Promise<{ peer: Peer; ready: PeerMessage }> {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const path = fileURLToPath(new URL(`./bench-transport-peer.${extension}`, import.meta.url));
    const child = fork(path, [JSON.stringify(role)], {
      env: { ...process.env, ...environment },
      execArgv: role.role === 'proxy' || role.tuned ? [...BULK_NODE_ARGUMENTS] : [],
    });
    children.push(child);
    const peer = new Peer(child);
    return { peer, ready: await peer.next() };
  }

  next(): Promise<PeerMessage> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }

  async run(job: Job): Promise<Result> {
    const answer = this.next();
    this.#child.send(job);
    const message = await answer;
    if (message.result === undefined) throw new Error('no result');
    return message.result;
  }
}

const children: ChildProcess[] = [];

async function main(): Promise<void> {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const messageBytes = Math.round(positive(values['message-mb'], '--message-mb') * 1e6);
  const totalBytes = positive(values['total-mb'], '--total-mb') * 1e6;
  const repeats = Math.ceil(positive(values.repeats, '--repeats'));
  const delayMs = Number(values['delay-ms']);
  const count = Math.max(4, Math.round(totalBytes / messageBytes)) + 1;
  const tuned = values.memory === 'tuned';
  const environment = tuned ? ALLOCATOR_ENVIRONMENT : {};

  const { peer: server, ready } = await Peer.start({ role: 'server', tuned }, environment);
  const { peer: client } = await Peer.start({ role: 'client', tuned }, environment);
  const direct = ready.addresses as { grpc: string; tcp: string };
  const addresses: Record<Kind, string> = { ...direct };
  if (delayMs > 0) {
    for (const kind of ['grpc', 'tcp'] as const) {
      const proxy = await Peer.start(
        { role: 'proxy', to: direct[kind], delayMs: delayMs / 2 },
        ALLOCATOR_ENVIRONMENT,
      );
      addresses[kind] = proxy.ready.addresses?.[kind] ?? '';
    }
  }

  const measure = async (kind: Kind, direction: Direction, plan: string): Promise<Sample> => {
    const job: Job = { kind, direction, count, messageBytes, plan, address: addresses[kind] };
    const [atServer, atClient] = await Promise.all([server.run(job), client.run(job)]);
    const [sender, receiver] = direction === 'down' ? [atServer, atClient] : [atClient, atServer];
    const megabytes = ((count - 1) * messageBytes) / 1e6;
    return {
      mbPerSecond: (megabytes / receiver.spanMs) * 1000,
      cpuMsPerMb: (sender.cpuMs + receiver.cpuMs) / ((count * messageBytes) / 1e6),
    };
  };

  const report: Record<string, unknown> = {
    schema: 'asyncdiff.bench-transport/1',
    message_mb: messageBytes / 1e6,
    round_trip_ms: delayMs,
    repeats,
    memory: tuned ? 'tuned' : 'default',
    node: process.version,
    cpus: cpus().length,
  };
  for (const direction of ['down', 'up'] as const) {
    const samples: Record<Kind, Sample[]> = { tcp: [], grpc: [] };
    // The first pair warms both processes up and is thrown away.
    for (let i = -1; i < repeats; i += 1) {
      for (const kind of ['tcp', 'grpc'] as const) {
        const sample = await measure(kind, direction, `${direction}-${i}`);
        if (i >= 0) samples[kind].push(sample);
      }
    }
    report[direction] = summary(samples);
  }
  report['ratio_to_tcp'] = {
    up: (report['up'] as Summary).ratio_to_tcp,
    down: (report['down'] as Summary).ratio_to_tcp,
  };
  if (values.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  else process.stdout.write(table(report));
}

interface Sample {
  readonly mbPerSecond: number;
  readonly cpuMsPerMb: number;
}

interface Summary {
  readonly tcp_mb_per_s: number;
  readonly grpc_mb_per_s: number;
  /** Median of the ratios of neighbours in time: a busy machine slows both. */
  readonly ratio_to_tcp: number;
  readonly ratios: readonly number[];
  readonly tcp_cpu_ms_per_mb: number;
  readonly grpc_cpu_ms_per_mb: number;
}

function summary(samples: Record<Kind, Sample[]>): Summary {
  const ratios = samples.grpc.map(
    ({ mbPerSecond }, i) => mbPerSecond / (samples.tcp[i]?.mbPerSecond ?? Number.NaN),
  );
  const of = (kind: Kind, key: keyof Sample): number => median(samples[kind].map((sample) => sample[key]));
  return {
    tcp_mb_per_s: round(of('tcp', 'mbPerSecond'), 0),
    grpc_mb_per_s: round(of('grpc', 'mbPerSecond'), 0),
    ratio_to_tcp: round(median(ratios), 3),
    ratios: ratios.map((ratio) => round(ratio, 3)),
    tcp_cpu_ms_per_mb: round(of('tcp', 'cpuMsPerMb'), 3),
    grpc_cpu_ms_per_mb: round(of('grpc', 'cpuMsPerMb'), 3),
  };
}

function table(report: Record<string, unknown>): string {
  const line = (direction: Direction): string => {
    const row = report[direction] as Summary;
    return `${direction.padEnd(9)}${String(row.tcp_mb_per_s).padStart(8)}${String(row.grpc_mb_per_s).padStart(8)}${row.ratio_to_tcp.toFixed(2).padStart(8)}${row.tcp_cpu_ms_per_mb.toFixed(2).padStart(10)}${row.grpc_cpu_ms_per_mb.toFixed(2).padStart(10)}\n`;
  };
  return `${String(report['message_mb'])} MB messages, ${String(report['round_trip_ms'])} ms round trip added
             MB/s    MB/s   ratio    CPU ms per MB
              tcp    grpc  to tcp       tcp      grpc
${line('down')}${line('up')}`;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

function positive(text: string, name: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`${name} must be a number above 0, not '${text}'`);
  return value;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    for (const child of children) child.kill('SIGKILL');
    process.exit(signal === 'SIGINT' ? 130 : 143);
  });
}
try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  // Each ends when its channel does.
  for (const child of children) if (child.connected) child.disconnect();
}
