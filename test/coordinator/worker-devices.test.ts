import { describe, expect, it } from 'vitest';
import { devicesOf, shareDevice } from '../../coordinator/workers/index.js';

interface Given {
  readonly name: string;
  readonly host?: string;
  readonly device?: string;
  readonly threads?: number;
}

function workers(...given: readonly Given[]): Parameters<typeof devicesOf>[0] {
  return given.map(({ name, host = 'a', device = 'cpu', threads = 1 }) => ({
    name,
    speed: 1,
    facts: { hostName: host, machineId: `boot of ${host}`, device, threads, onnxruntimeVersion: '1' },
  }));
}

describe('the devices of workers', () => {
  it('are the same in every process, and told apart by names where by nothing else', () => {
    const unlike = devicesOf(workers({ name: 'x' }, { name: 'y', host: 'b' }));
    expect(devicesOf(workers({ name: 'other' }, { name: 'names', host: 'b' }))).toEqual(unlike);
    const alike = devicesOf(workers({ name: 'x' }, { name: 'y' }));
    expect(new Set(alike).size).toBe(2);
    expect(devicesOf(workers({ name: 'y' }, { name: 'x' }))).toEqual(alike.toReversed());
  });

  it.each([
    [true, [{ name: 'x' }, { name: 'y' }]],
    [
      true,
      [
        { name: 'x', device: 'webgpu' },
        { name: 'y', device: 'webgpu' },
      ],
    ],
    [
      false,
      [
        { name: 'x', device: 'cuda:0' },
        { name: 'y', device: 'cuda:1' },
      ],
    ],
    [false, [{ name: 'x' }, { name: 'y', host: 'b' }]],
    [false, [{ name: 'x' }, { name: 'y', threads: 2 }]],
  ])('is shared: %s of %j', (isShared, given) => {
    expect(shareDevice(workers(...given))).toBe(isShared);
  });
});
