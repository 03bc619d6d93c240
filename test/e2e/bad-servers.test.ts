import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CliProcess } from '../support/child.js';
import { type ExpectedFailure, expectFailure } from '../support/cli.js';
import { expectFailureHere } from '../support/command-here.js';
import { tempFolder } from '../support/temp-folder.js';

/** Nothing listens there: port 1 needs privileges that tests do not ask for. */
const NOBODY = '127.0.0.1:1';

describe('a worker or coordinator that cannot be started as it is asked for', () => {
  const cases: [string, string[], ExpectedFailure][] = [
    [
      'a broken list of workers',
      ['serve', '--listen', '127.0.0.1:0', '--workers', '127.0.0.1:50052,elsewhere'],
      { code: 'address_invalid', exitCode: 2, message: /'elsewhere'/ },
    ],
    [
      'a broken address to advertise',
      ['worker', '--join', NOBODY, '--advertise', 'here'],
      { code: 'address_invalid', exitCode: 2, message: /'here'/ },
    ],
    [
      'a cache that cannot be made, where Node would try for ever',
      ['serve', '--listen', '127.0.0.1:0', '--cache', '/proc/asyncdiff/cache'],
      { code: 'cache_unwritable', exitCode: 1, message: /cannot make the folder \/proc\/asyncdiff\/cache/ },
    ],
    [
      'an unknown device',
      ['worker', '--join', NOBODY, '--device', 'abacus'],
      { code: 'invalid_settings', exitCode: 2, message: /unknown device "abacus"/, hint: /cpu, cuda/ },
    ],
    [
      'a device that does not open here',
      ['worker', '--join', NOBODY, '--device', 'cuda'],
      { code: 'provider_unavailable', exitCode: 4, message: /^device cuda: /, hint: /setup cuda/ },
    ],
    [
      'a message limit with which no worker could talk',
      ['worker', '--join', NOBODY, '--max-message-mb', '1'],
      { code: 'usage', exitCode: 2, message: /max-message-mb takes a number from 10/ },
    ],
    [
      'a port of metrics below those of users',
      ['worker', '--join', NOBODY, '--metrics-port', '70000'],
      { code: 'usage', exitCode: 2, message: /metrics-port/ },
    ],
  ];
  it.each(cases)('%s', async (_name, args, expected) => expectFailureHere(args, expected));

  it('an unknown device, as a process', async () => {
    const [, args, expected] = cases.find(([name]) => name === 'an unknown device') as (typeof cases)[number];
    await expectFailure(args, expected);
  });
});

describe('ports in use', () => {
  let taken: Server;
  let port: number;
  beforeAll(async () => {
    taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    port = (taken.address() as { port: number }).port;
  });
  afterAll(() => new Promise((resolve) => taken.close(resolve)));

  it.each([
    ['worker', () => ['worker', '--listen', `127.0.0.1:${port}`]],
    ['serve', () => ['serve', '--listen', `127.0.0.1:${port}`]],
    ['metrics of serve', () => ['serve', '--listen', '127.0.0.1:0', '--metrics-port', String(port)]],
    ['metrics of worker', () => ['worker', '--listen', '127.0.0.1:0', '--metrics-port', String(port)]],
  ])('%s', async (_name, args) => {
    await expectFailure(args(), { code: 'port_in_use', exitCode: 2, message: /in use/, hint: /0 for any/ });
  });
});

it('ends without a word where nobody reads its output any more', async () => {
  const run = new CliProcess(['cache', 'ls', '--cache', tempFolder()]);
  run.child.stdout?.destroy();
  const { code, stderr } = await run.exit;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});
