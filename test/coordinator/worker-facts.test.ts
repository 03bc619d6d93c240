import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AsyncDiffError } from '../../common/errors/index.js';
import { packageRoot } from '../../common/package.js';
import { workerFacts } from '../../coordinator/workers/worker-facts.js';
import { PROTOCOL_VERSION } from '../../rpc/index.js';
import type { Hello__Output } from '../../rpc/gen/asyncdiff/v1/Hello.js';

const PEER = '10.0.0.9:41000';
const profileJson = readFileSync(join(packageRoot, 'execution/declared/profiles/a5000-sd21.json'), 'utf8');

function hello(changes: Partial<Hello__Output> = {}): Hello__Output {
  return {
    protocolVersion: PROTOCOL_VERSION,
    version: '1.2.3',
    name: 'gpu-1',
    device: 'cuda:0',
    threads: 4,
    address: '10.0.0.9:50052',
    hostId: 'host',
    hostName: 'gpu-1.lan',
    machineId: 'machine',
    onnxruntimeVersion: '1.30.0',
    memoryBytes: 0,
    nodeVersion: 'v22.0.0',
    speed: 1,
    declared: false,
    declaredProfile: '',
    maxMessageBytes: 1024,
    ...changes,
  };
}

function refusal(changes: Partial<Hello__Output>): AsyncDiffError {
  try {
    workerFacts(hello(changes), PEER);
  } catch (error) {
    if (error instanceof AsyncDiffError) return error;
    throw error;
  }
  throw new Error(`taken: ${JSON.stringify(changes).slice(0, 200)}`);
}

describe('workerFacts', () => {
  it('takes what a worker says', () => {
    expect(workerFacts(hello(), PEER)).toMatchObject({
      name: 'gpu-1',
      threads: 4,
      speed: 1,
      declared: undefined,
    });
    expect(workerFacts(hello({ speed: 0, address: '' }), PEER)).toMatchObject({ speed: 1, address: '' });
    expect(workerFacts(hello({ name: 'Rechner von Zoë №5 🙂' }), PEER).name).toBe('Rechner von Zoë №5 🙂');
    const { declared } = workerFacts(hello({ declared: true, declaredProfile: profileJson }), PEER);
    expect(declared?.profile.name).toBe('a5000-sd21');
    expect(declared?.profileJson).toBe(profileJson);
  });

  it.each<[string, Partial<Hello__Output>, RegExp]>([
    ['a speed without end', { speed: 1e308 }, /its speed is 1e\+308, it must be a number from 0\.01 to 100/],
    ['a speed that is no number', { speed: Number.NaN }, /its speed is NaN/],
    ['a negative speed', { speed: -1 }, /its speed is -1/],
    ['no threads', { threads: 0 }, /its threads is 0, it must be a number from 1 to 4096/],
    [
      'a name of 1 MB',
      { name: 'x'.repeat(1 << 20) },
      /its name has 1048576 characters, at most 64 are taken/,
    ],
    [
      'escape codes in a name',
      { name: '\u001b[31mred' },
      /its name has characters that cannot be printed: "\\u001b\[31mred"/,
    ],
    ['a name that turns a line around', { name: 'a\u202eb' }, /cannot be printed: "a\\u202eb"/],
    ['a line break in a host name', { hostName: 'a\nb' }, /its host_name has characters/],
    ['escape codes in a version', { version: '\u001b]0;x\u0007' }, /its version has characters/],
    ['a device of 2 kB', { device: 'x'.repeat(2048) }, /its device has 2048 characters/],
    ['an address that is none', { address: 'nowhere' }, /its address is 'nowhere', not HOST:PORT/],
    [
      'an empty profile',
      { declared: true, declaredProfile: '{}' },
      /its declared profile is not one \(.*schema/,
    ],
    [
      'a profile that is no JSON',
      { declared: true, declaredProfile: '{' },
      /its declared profile is not one \(.*JSON/,
    ],
    [
      'a profile that does not hold together',
      { declared: true, declaredProfile: profileJson.replace('"step_ms":', '"step_ms":9') },
      /its declared profile is not one \(.*step_ms/,
    ],
  ])('refuses %s', (_what, changes, message) => {
    const error = refusal(changes);
    expect(error.code).toBe('worker_refused');
    expect(error.message).toMatch(message);
    expect(error.message).toContain(PEER);
    expect(error.message.length).toBeLessThan(600);
  });

  it('refuses another protocol with both versions named, and a name that cannot be printed before that', () => {
    expect(refusal({ protocolVersion: 99 })).toMatchObject({
      code: 'protocol_mismatch',
      message: expect.stringMatching(/gpu-1 speaks protocol 99 \(asyncdiff 1\.2\.3\), this coordinator/),
    });
    expect(refusal({ protocolVersion: 99, name: '\u001b[2J' }).code).toBe('worker_refused');
  });

  it('takes anything or refuses it with an AsyncDiffError: nothing that it takes is out of its bounds', () => {
    const text = fc.string({ unit: 'binary', maxLength: 100 });
    fc.assert(
      fc.property(
        fc.record({
          name: text,
          device: text,
          address: text,
          hostName: text,
          speed: fc.double(),
          threads: fc.nat(),
        }),
        (changes) => {
          try {
            const facts = workerFacts(hello(changes), PEER);
            expect(facts.speed).toBeGreaterThanOrEqual(0.01);
            expect(facts.speed).toBeLessThanOrEqual(100);
            for (const value of [facts.name, facts.device, facts.hostName])
              expect(value).not.toMatch(/\p{Cc}|\p{Cf}/u);
          } catch (error) {
            expect(error).toBeInstanceOf(AsyncDiffError);
          }
        },
      ),
    );
  });
});
