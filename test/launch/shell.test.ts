import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isInstalled, launchDir, runScript } from '../support/launch.js';

const BASH = [
  'slurm/asyncdiff.sbatch',
  'slurm/asyncdiff-task.sh',
  'slurm/test-slurm.sh',
  'ssh/asyncdiff-ssh',
  'ssh/test-ssh.sh',
  'systemd/test-systemd.sh',
];
const POSIX = ['ssh/asyncdiff-remote.sh'];

describe('shell scripts of the launchers', () => {
  it.each(BASH)('%s is valid bash', (file) => {
    expect(runScript('bash', ['-n', join(launchDir, file)])).toMatchObject({ code: 0, stderr: '' });
  });

  it.each(POSIX)('%s is valid POSIX sh', (file) => {
    expect(runScript('sh', ['-n', join(launchDir, file)])).toMatchObject({ code: 0, stderr: '' });
  });

  it.each(BASH.filter((file) => !file.endsWith('.sbatch')))('%s can be executed', (file) => {
    expect(() => accessSync(join(launchDir, file), constants.X_OK)).not.toThrow();
  });

  it('shellcheck finds nothing in them', (context) => {
    if (!isInstalled('shellcheck')) context.skip('shellcheck is not installed (Debian package shellcheck)');
    const paths = (files: readonly string[]): string[] => files.map((file) => join(launchDir, file));
    expect(runScript('shellcheck', ['--shell=bash', ...paths(BASH)]).stdout).toBe('');
    expect(runScript('shellcheck', ['--shell=sh', ...paths(POSIX)]).stdout).toBe('');
  });
});
