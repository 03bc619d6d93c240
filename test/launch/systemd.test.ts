import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cliFlags, cliVariables, isInstalled, launchFile, runScript } from '../support/launch.js';
import { tempFolder } from '../support/temp-folder.js';

const UNITS = [
  ['asyncdiff-coordinator.service', 'serve', 'coordinator.env.example'],
  ['asyncdiff-worker@.service', 'worker', 'worker.env.example'],
] as const;

/** Values of a setting of a unit file, in order. */
function values(text: string, setting: string): string[] {
  return [...text.matchAll(new RegExp(`^${setting}=(.*)$`, 'gm'))].map((match) => match[1] as string);
}

describe.each(UNITS)('%s', (unit, command, environment) => {
  const text = launchFile(`systemd/${unit}`);

  it('runs with flags that the command line has', () => {
    const [line = ''] = values(text, 'ExecStart');
    expect(line.split(' ').slice(0, 2)).toEqual(['/usr/local/bin/asyncdiff', command]);
    expect(cliFlags(command)).toEqual(expect.arrayContaining(line.match(/--[a-z-]+/g) ?? []));
  });

  it('has an example of its environment that only holds variables that the command reads', () => {
    const example = launchFile(`systemd/${environment}`);
    const names = example
      .split('\n')
      .filter((line) => /^[^#]/.test(line))
      .map((line) => line.split('=')[0]);
    expect(names.length).toBeGreaterThan(0);
    expect(cliVariables(command)).toEqual(expect.arrayContaining(names));
  });

  it('has time to drain', () => {
    const graceMs = Number(/^ASYNCDIFF_GRACE_MS=(\d+)$/m.exec(launchFile(`systemd/${environment}`))?.[1]);
    expect(Number(values(text, 'TimeoutStopSec')[0]) * 1000).toBeGreaterThan(graceMs);
    expect(values(text, 'KillSignal')).toEqual(['SIGTERM']);
  });

  it('passes systemd-analyze verify', (context) => {
    if (!isInstalled('systemd-analyze'))
      context.skip('systemd-analyze is not installed (Debian package systemd)');
    const root = tempFolder();
    // The one thing that is not here: the installed command.
    const binary = join(root, 'asyncdiff');
    writeFileSync(binary, '#!/bin/sh\n', { mode: 0o755 });
    mkdirSync(join(root, 'units'));
    const file = join(root, 'units', unit);
    writeFileSync(file, text.replace('/usr/local/bin/asyncdiff', binary));
    expect(runScript('systemd-analyze', ['verify', '--man=no', file])).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
  });
});
