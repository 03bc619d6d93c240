import { expect, it } from 'vitest';
import { ANYONE, type Caller } from '../../rpc/server/index.js';
import { ClientJobs } from '../../coordinator/jobs/index.js';

const from = (peer: string, caller: Caller = ANYONE) => ({ peer, caller });

it('counts the jobs of each client by its address, and refuses one too many', () => {
  const clients = new ClientJobs(2);
  const leave = clients.enter(from('10.0.0.1:1000'));
  clients.enter(from('10.0.0.1:2000'));
  expect(() => clients.enter(from('10.0.0.1:3000'))).toThrowError(
    expect.objectContaining({
      code: 'queue_full',
      rawMessage: expect.stringContaining('10.0.0.1 has 2 jobs'),
    }),
  );
  clients.enter(from('[::1]:1000'));
  leave();
  expect(clients.enter(from('10.0.0.1:3000'))).toBeTypeOf('function');
});

it('knows a client by its key wherever it calls from', () => {
  const clients = new ClientJobs(1);
  const key = { id: 'k1', name: 'laptop' };
  clients.enter(from('10.0.0.1:1000', key));
  expect(() => clients.enter(from('10.0.0.2:1000', key))).toThrowError(/laptop has 1 jobs here/);
  clients.enter(from('10.0.0.1:2000'));
});
