import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cliFlags, cliVariables, launchDir, launchFile, runScript } from '../support/launch.js';

const TASK = join(launchDir, 'slurm/asyncdiff-task.sh');
const BATCH = join(launchDir, 'slurm/asyncdiff.sbatch');

/** The command that a task would run, where Slurm has set `env`. */
function task(env: Record<string, string>, ...args: string[]): string {
  const { code, stdout, stderr } = runScript('bash', [TASK, '--dry-run', ...args], {
    ASYNCDIFF_BIN: 'asyncdiff',
    SLURMD_NODENAME: 'n1',
    ...env,
  });
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return stdout.trim();
}

describe('asyncdiff-task.sh', () => {
  it('takes the GPU of its local id where the node shows several', () => {
    const env = { SLURM_LOCALID: '2', CUDA_VISIBLE_DEVICES: '0,1,2,3', SLURM_CPUS_PER_TASK: '4' };
    expect(task(env, 'n0:7000')).toBe(
      'asyncdiff worker --join n0:7000 --name n1-2 --device cuda:2 --threads 4 --insecure',
    );
  });

  it('takes number 0 where a task sees its own GPU only', () => {
    const env = { SLURM_LOCALID: '3', CUDA_VISIBLE_DEVICES: '3' };
    expect(task(env, 'n0:7000')).toBe(
      'asyncdiff worker --join n0:7000 --name n1-3 --device cuda:0 --insecure',
    );
  });

  it('takes the CPU, with its share of the cores, where there is no GPU', () => {
    const env = { SLURM_LOCALID: '1', SLURM_NTASKS: '6', SLURM_STEP_TASKS_PER_NODE: '3(x2)' };
    expect(task({ ...env, SLURM_CPUS_ON_NODE: '8' }, 'n0:7000')).toBe(
      'asyncdiff worker --join n0:7000 --name n1-1 --device cpu --threads 2 --insecure',
    );
    expect(task({ ...env, SLURM_CPUS_ON_NODE: '1', CUDA_VISIBLE_DEVICES: 'NoDevFiles' }, 'n0:7000')).toBe(
      'asyncdiff worker --join n0:7000 --name n1-1 --device cpu --threads 1 --insecure',
    );
  });

  it('lets the user choose the device, the threads and more options', () => {
    const env = { ASYNCDIFF_SLURM_DEVICE: 'webgpu', ASYNCDIFF_THREADS: '3', CUDA_VISIBLE_DEVICES: '0' };
    expect(task(env, 'n0:7000', '--metrics-port', '9464')).toBe(
      'asyncdiff worker --join n0:7000 --name n1-0 --device webgpu --threads 3 --insecure --metrics-port 9464',
    );
  });

  it('says how it is used when the coordinator is missing', () => {
    expect(runScript('bash', [TASK])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('usage:') as string,
    });
  });
});

describe('asyncdiff.sbatch', () => {
  it('outside of a job says how to submit it', () => {
    expect(runScript('bash', [BATCH])).toMatchObject({
      code: 1,
      stderr:
        'asyncdiff.sbatch: error: not inside of a Slurm job\nasyncdiff.sbatch: hint: submit it: sbatch asyncdiff.sbatch\n',
    });
  });

  it('asks for SIGTERM in time for the grace period', () => {
    const text = launchFile('slurm/asyncdiff.sbatch');
    const seconds = Number(/^#SBATCH --signal=B:SIGTERM@(\d+)$/m.exec(text)?.[1]);
    const graceMs = Number(/ASYNCDIFF_GRACE_MS:-(\d+)/.exec(text)?.[1]);
    expect(graceMs).toBeGreaterThan(0);
    expect(graceMs).toBeLessThan(seconds * 1000);
  });

  it('uses flags and variables that the command line has', () => {
    const flags = [...cliFlags('worker'), ...cliFlags('serve')];
    for (const flag of ['--join', '--name', '--device', '--threads', '--model', '--listen'])
      expect(flags).toContain(flag);
    expect(cliVariables('serve')).toContain('ASYNCDIFF_GRACE_MS');
    expect(cliVariables('worker')).toContain('ASYNCDIFF_GRACE_MS');
  });
});
