import { expect, it } from 'vitest';
import { tempFolder } from '../support/temp-folder.js';
import { fuzzSockets } from './sockets.js';

/** `npm run fuzz -- --sockets N` makes as many as it is told. */
const CONNECTIONS = 60;

it('random bytes and connections that are left open do a running coordinator and worker no harm', async () => {
  const { failures, statusAsked } = await fuzzSockets(CONNECTIONS, 1, tempFolder());
  expect(failures).toEqual([]);
  expect(statusAsked).toBeGreaterThan(0);
});
