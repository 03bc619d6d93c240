import { expect, it } from 'vitest';
import { ClientJobs } from '../../coordinator/jobs/index.js';

it('counts the jobs of each client by its address, and refuses one too many', () => {
  const clients = new ClientJobs(2);
  const leave = clients.enter('10.0.0.1:1000');
  clients.enter('10.0.0.1:2000');
  expect(() => clients.enter('10.0.0.1:3000')).toThrowError(
    expect.objectContaining({
      code: 'queue_full',
      rawMessage: expect.stringContaining('10.0.0.1 has 2 jobs'),
    }),
  );
  clients.enter('[::1]:1000');
  leave();
  expect(clients.enter('10.0.0.1:3000')).toBeTypeOf('function');
});
