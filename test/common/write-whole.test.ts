import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeWhole, writeWhole, writeWholeSync } from '../../common/write-whole.js';
import { tempFolder } from '../support/temp-folder.js';

describe('a file that is written whole', () => {
  it('replaces what was there, with the mode that is asked for', async () => {
    const folder = tempFolder();
    const path = join(folder, 'kept');
    await writeWhole(path, 'first');
    writeWholeSync(path, 'second');
    expect(readFileSync(path, 'utf8')).toBe('second');
    await writeWhole(path, 'third', 0o600);
    expect(readFileSync(path, 'utf8')).toBe('third');
    if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['kept']);
  });

  it('leaves nothing where it cannot be', async () => {
    const folder = tempFolder();
    const path = join(folder, 'taken');
    mkdirSync(join(path, 'inside'), { recursive: true });
    await expect(writeWhole(path, 'x')).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST|EPERM/);
    expect(() => writeWholeSync(path, 'x')).toThrow(/EISDIR|ENOTEMPTY|EEXIST|EPERM/);
    await expect(makeWhole(path, () => Promise.reject(new Error('no pixels')))).rejects.toThrow('no pixels');
    expect(readdirSync(folder)).toEqual(['taken']);
  });
});
