import { expect, it } from 'vitest';
import { tellIdleFlags } from '../../cli/idle-flags.js';

function told(flags: Parameters<typeof tellIdleFlags>[0]): string {
  let text = '';
  const write = (more: string): void => void (text += more);
  tellIdleFlags(flags, {
    stdout: { write },
    stderr: { write },
    env: {},
    signal: new AbortController().signal,
  });
  return text;
}

it('tells of flags that do nothing for where a job runs, in one line, by their kind', () => {
  expect(told({ threads: 1, cache: '/tmp/x', tls: true, maxMessageMb: 9 })).toBe(
    '--tls is left aside: for connections to a coordinator, and no --coordinator is given\n',
  );
  expect(told({ coordinator: 'host:1', threads: 1, device: 'cpu', cache: '/x', tls: true })).toBe(
    '--device, --threads, --cache are left aside: the workers of --coordinator have their own, as `asyncdiff worker` was given them\n',
  );
  expect(told({ coordinator: 'host:1', tlsCa: 'ca.pem', keyFile: 'key' })).toBe('');
});

it('passes over what the environment says to all commands', () => {
  process.env['ASYNCDIFF_THREADS'] = '2';
  try {
    expect(told({ coordinator: 'host:1', threads: 2 })).toBe('');
    expect(told({ coordinator: 'host:1', threads: 3 })).toMatch(/^--threads is left aside/);
  } finally {
    delete process.env['ASYNCDIFF_THREADS'];
  }
});
