import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { diskError } from '../../common/disk-error.js';
import { readNpy } from '../../common/npy/index.js';
import { tempFolder } from '../support/temp-folder.js';

describe('what the file system refuses', () => {
  it('below a folder that is written to is told as such; elsewhere it stays what it is', () => {
    let refused: unknown;
    try {
      mkdirSync('/dev/null/plans', { recursive: true });
    } catch (error) {
      refused = error;
    }
    expect(diskError(refused, '/dev/null')).toMatchObject({
      code: 'cache_unwritable',
      message: expect.stringContaining('cannot write to /dev/null: ENOTDIR'),
      hint: expect.stringContaining('--cache'),
    });
    expect(diskError(refused, '/elsewhere')).toBeUndefined();
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    expect(diskError(full, '/elsewhere')).toMatchObject({ code: 'cache_unwritable' });
    expect(diskError(new TypeError('no'), '/elsewhere')).toBeUndefined();
  });

  it.skipIf(process.platform === 'win32')('a pipe is no file: nobody may ever write to it', async () => {
    const pipe = join(tempFolder(), 'pipe');
    execFileSync('mkfifo', [pipe]);
    await expect(readNpy(pipe)).rejects.toMatchObject({
      code: 'file_unreadable',
      message: expect.stringContaining('is a pipe'),
    });
  });

  it.skipIf(process.platform === 'win32')('a device is no file: it would be read for ever', async () => {
    await expect(readNpy('/dev/zero')).rejects.toMatchObject({
      code: 'file_unreadable',
      message: '[file_unreadable] /dev/zero is a device, not a file',
    });
  });
});
