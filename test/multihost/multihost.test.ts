import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { distFile } from '../../common/package.js';
import { parseOptions } from '../../scripts/multihost/options.js';
import { requireNamespaces } from '../../scripts/multihost/requirements.js';
import { runMultihost } from '../../scripts/multihost/run.js';
import { tempFolder } from '../support/temp-folder.js';

const LONG_MS = 600_000;
const reason = whyNot();
if (reason !== undefined) process.stdout.write(`skipped: hosts as network namespaces: ${reason}\n`);

/** Why network namespaces cannot be made here. */
function whyNot(): string | undefined {
  try {
    requireNamespaces('npm test');
    const probe = `asyncdiff-test-${process.pid}`;
    execFileSync('ip', ['netns', 'add', probe], { stdio: 'pipe' });
    execFileSync('ip', ['netns', 'del', probe], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.trim() : String(error);
  }
}

function namespacesOf(pid: number): string[] {
  const lines = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' }).split('\n');
  return lines
    .map((line) => line.split(' ')[0] as string)
    .filter((name) => name.startsWith(`asyncdiff-${pid}-`));
}

function processesIn(namespaces: readonly string[]): number[] {
  return namespaces.flatMap((name) =>
    execFileSync('ip', ['netns', 'pids', name], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => line !== '')
      .map(Number),
  );
}

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGTERM');
});

/** A run with a command that does not end by itself, in full swing. */
async function runForEver(
  hosts: number,
): Promise<{ child: ChildProcess; pid: number; namespaces: string[]; pids: number[] }> {
  const main = distFile('scripts/multihost/main.js');
  const words = ['--hosts', String(hosts), '--rate', '1gbit', '--delay-ms', '1', '--', 'sleep', '3600'];
  const child = spawn(process.execPath, [main, ...words], { stdio: ['ignore', 'ignore', 'pipe'] });
  started.push(child);
  let said = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes('measured between two hosts')) resolve();
    });
    child.once('exit', () => reject(new Error(`it ended: ${said}`)));
  });
  const pid = child.pid as number;
  const namespaces = namespacesOf(pid);
  return { child, pid, namespaces, pids: processesIn(namespaces) };
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  return new Promise((resolve) => child.once('exit', (code) => resolve(code)));
}

/** An orphan may stay a zombie where nobody waits for it: it holds nothing any more. */
function gone(pid: number): boolean {
  try {
    return / [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8').split(')').at(-1) as string);
  } catch {
    return true;
  }
}

describe.skipIf(reason !== undefined)('multihost', () => {
  it(
    'draws a picture on two hosts over limited links, and removes them',
    async () => {
      const out = join(tempFolder(), 'fox.png');
      const generate = ['asyncdiff', 'generate', 'a fox', '--components', '2', '--num-inference-steps', '4'];
      const options = parseOptions([
        '--hosts',
        '2',
        '--rate',
        '1gbit',
        '--',
        ...generate,
        '--out',
        out,
        '--json',
      ]);
      let said = '';
      const stderr = { write: (text: string) => (said += text) };
      const result = await runMultihost(options, { stderr, signal: new AbortController().signal }, true);
      expect(result.exitCode, said).toBe(0);
      const { network } = result;
      expect(network.workers.map(({ name }) => name)).toEqual(['host-1', 'host-2']);
      expect(new Set(network.workers.map(({ host_id }) => host_id)).size).toBe(2);
      expect(network).toMatchObject({ rate_by: 'tbf', delay_by: 'none', rate_bits_per_second: 1e9 });
      // Without the limit it would be many times that, and more than the limit never.
      expect(network.measured.tcp_bits_per_second).toBeLessThan(1.1e9);
      const document = JSON.parse(result.output) as { bytes_between_workers: number; workers: unknown[] };
      expect(document.workers).toHaveLength(2);
      expect(document.bytes_between_workers).toBeGreaterThan(0);
      expect(existsSync(out)).toBe(true);
      expect(namespacesOf(process.pid)).toEqual([]);
    },
    LONG_MS,
  );

  it(
    'removes namespaces and processes when it is interrupted',
    async () => {
      const { child, pid, namespaces, pids } = await runForEver(2);
      // Switch, coordinator and two workers; proxy of the switch unless the kernel has netem, and the command.
      expect(namespaces).toHaveLength(4);
      expect(pids.length).toBeGreaterThanOrEqual(4);
      child.kill('SIGINT');
      expect(await exitOf(child)).toBe(130);
      expect(namespacesOf(pid)).toEqual([]);
      expect(pids.filter((pid) => !gone(pid))).toEqual([]);
    },
    LONG_MS,
  );

  it(
    'cleans up what a killed run has left, and leaves a living one alone',
    async () => {
      const killed = await runForEver(1);
      const alive = await runForEver(1);
      killed.child.kill('SIGKILL');
      await exitOf(killed.child);
      expect(namespacesOf(killed.pid)).toHaveLength(3);
      execFileSync(process.execPath, [distFile('scripts/multihost/main.js'), '--cleanup']);
      expect(namespacesOf(killed.pid)).toEqual([]);
      expect(killed.pids.filter((pid) => !gone(pid))).toEqual([]);
      expect(processesIn(alive.namespaces)).toEqual(alive.pids);
      alive.child.kill('SIGTERM');
      expect(await exitOf(alive.child)).toBe(143);
      expect(namespacesOf(alive.pid)).toEqual([]);
    },
    LONG_MS,
  );
});
