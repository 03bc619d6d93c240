import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cliFlags, launchDir, runScript, type ScriptResult } from '../support/launch.js';
import { tempFolder } from '../support/temp-folder.js';

const LAUNCHER = join(launchDir, 'ssh/asyncdiff-ssh');
const REMOTE = join(launchDir, 'ssh/asyncdiff-remote.sh');

function hostsFile(text: string): string {
  const file = join(tempFolder(), 'hosts');
  writeFileSync(file, text);
  return file;
}

function dryRun(action: string, hosts: string, ...args: string[]): ScriptResult {
  return runScript(LAUNCHER, [action, '--hosts', hostsFile(hosts), '--dry-run', ...args]);
}

const HOSTS = [
  '# two hosts, three workers',
  'gpu1.example.org:2222  device=cuda:0',
  'gpu1.example.org:2222  device=cuda:1  # the second GPU',
  '',
  'me@gpu2 device=cpu threads=4 speed=0.5 listen=0.0.0.0:50052 advertise=10.0.0.2:50052',
].join('\n');
const SSH = 'ssh -o BatchMode=yes -o ConnectTimeout=10';

describe('asyncdiff-ssh --dry-run', () => {
  it('prints what start would run', () => {
    const { code, stdout, stderr } = dryRun('start', HOSTS, '--model', 'models/sd15');
    const to = `sh -s -- start`;
    expect(stdout.split('\n')).toEqual([
      `${SSH} -p 2222 gpu1.example.org ${to} coordinator .local/state/asyncdiff 30 -- asyncdiff serve --listen 0.0.0.0:50051 --model models/sd15 --insecure < ${REMOTE}`,
      `${SSH} -p 2222 gpu1.example.org ${to} gpu1.example.org-1 .local/state/asyncdiff 30 -- asyncdiff worker --join gpu1.example.org:50051 --name gpu1.example.org-1 --device cuda:0 --insecure < ${REMOTE}`,
      `${SSH} -p 2222 gpu1.example.org ${to} gpu1.example.org-2 .local/state/asyncdiff 30 -- asyncdiff worker --join gpu1.example.org:50051 --name gpu1.example.org-2 --device cuda:1 --insecure < ${REMOTE}`,
      `${SSH} me@gpu2 ${to} gpu2-1 .local/state/asyncdiff 30 -- asyncdiff worker --join gpu1.example.org:50051 --name gpu2-1 --device cpu --insecure --threads 4 --speed 0.5 --listen 0.0.0.0:50052 --advertise 10.0.0.2:50052 < ${REMOTE}`,
      '',
    ]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });

  it('prints what stop and status would run, with another coordinator and ssh configuration', () => {
    const options = [
      '--coordinator-host',
      'root@head:23',
      '--ssh-config',
      'ssh.conf',
      '--state-dir',
      '/run/a',
      '--grace-s',
      '5',
    ];
    expect(dryRun('stop', 'gpu1', ...options).stdout.split('\n')).toEqual([
      `${SSH} -F ssh.conf -p 23 root@head sh -s -- stop coordinator /run/a 5 < ${REMOTE}`,
      `${SSH} -F ssh.conf gpu1 sh -s -- stop gpu1-1 /run/a 5 < ${REMOTE}`,
      '',
    ]);
    expect(dryRun('status', 'gpu1', ...options).stdout.split('\n')).toEqual([
      `${SSH} -F ssh.conf -p 23 root@head sh -s -- status coordinator /run/a < ${REMOTE}`,
      `${SSH} -F ssh.conf gpu1 sh -s -- status gpu1-1 /run/a < ${REMOTE}`,
      '',
    ]);
  });

  it('takes a command of several words and an address of its own', () => {
    const { stdout } = dryRun(
      'start',
      'a',
      '--asyncdiff',
      'node asyncdiff/dist/cli/main.js',
      '--coordinator-address',
      '10.0.0.1:7000',
    );
    expect(stdout).toContain('-- node asyncdiff/dist/cli/main.js serve --listen 0.0.0.0:7000 --insecure <');
    expect(stdout).toContain('-- node asyncdiff/dist/cli/main.js worker --join 10.0.0.1:7000 --name a-1');
  });

  it('prints only flags that the command line has', () => {
    const { stdout } = dryRun('start', HOSTS, '--model', 'm');
    for (const [command, name] of [
      ['serve', 'serve'],
      ['worker', 'worker'],
    ] as const) {
      for (const line of stdout.split('\n').filter((text) => text.includes(` ${command} `))) {
        const flags = line.slice(line.indexOf(` ${command} `)).match(/--[a-z-]+/g) ?? [];
        expect(flags.length).toBeGreaterThan(0);
        expect(cliFlags(name)).toEqual(expect.arrayContaining(flags));
      }
    }
  });
});

describe('asyncdiff-ssh refuses', () => {
  it.each([
    ['an empty file', '# nobody\n\n', 'names no host'],
    ['a bad host', 'a b=c\nwhat?', ':1: unknown key "b"'],
    ['a host with shell characters', 'ok\n$(reboot)', ':2: "$(reboot)" is not [user@]host[:sshport]'],
    ['an IPv6 literal', '[::1]', ':1: "[::1]" is not [user@]host[:sshport]'],
    ['a word without a value', 'a cuda:0', ':1: "cuda:0" is not KEY=VALUE'],
    ['an empty value', 'a device=', ':1: "device=" is not KEY=VALUE'],
    ['a value with shell characters', 'a device=cpu;reboot', ':1: "cpu;reboot" has a character'],
    ['no number of threads', 'a threads=all', ':1: threads takes a number from 1, not "all"'],
    ['no threads', 'a threads=0', ':1: threads takes a number from 1, not "0"'],
    ['an address without a port', 'a advertise=10.0.0.1', ':1: advertise takes HOST:PORT, not "10.0.0.1"'],
  ])('%s, with file and line', (_what, hosts, message) => {
    const { code, stdout, stderr } = dryRun('start', hosts);
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/^error: /);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  it.each([
    [['start'], '--hosts FILE is missing'],
    [['start', '--hosts'], '--hosts takes a value'],
    [['start', '--hosts', '/no/such/file'], 'cannot read the hosts file /no/such/file'],
    [['start', '--host', 'x'], 'unknown option --host'],
    [['stop', '--hosts', 'x', '--grace-s', 'soon'], '--grace-s takes whole seconds, not "soon"'],
    [['start', '--hosts', 'x', '--model', 'a b'], '--model "a b" has a character'],
    [['start', '--hosts', 'x', '--coordinator-address', 'a'], '--coordinator-address takes HOST:PORT'],
    [['restart'], 'usage: asyncdiff-ssh start|status|stop'],
  ])('%j', (args, message) => {
    const { code, stderr } = runScript(LAUNCHER, args);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });
});

describe('asyncdiff-remote.sh', () => {
  const remote = (...args: string[]): ScriptResult => runScript('sh', [REMOTE, ...args]);

  it('names a command that is not there, and leaves no pid behind', () => {
    const state = join(tempFolder(), 'state');
    expect(remote('start', 'a-1', state, '1', '--', 'no-such-asyncdiff', 'worker')).toEqual({
      code: 10,
      stdout: '',
      stderr: 'no-such-asyncdiff: not found\n',
    });
    expect(remote('status', 'a-1', state).stdout).toBe('a-1 does not run\n');
  });

  it('shows the last lines of a process that ended at once', () => {
    const state = join(tempFolder(), 'state');
    const { code, stderr } = remote('start', 'a-1', state, '5', '--', 'ls', '/no/such/folder');
    expect(code).toBe(11);
    expect(stderr).toContain('a-1 ended at once:');
    expect(stderr).toContain('/no/such/folder');
  });

  it('does not take a pid of another process for its own', () => {
    const state = tempFolder();
    writeFileSync(join(state, 'a-1.pid'), String(process.pid));
    expect(remote('status', 'a-1', state).stdout).toBe('a-1 does not run\n');
    expect(remote('stop', 'a-1', state, '1').stdout).toBe('a-1 does not run\n');
  });
});
