import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { makeFolder, makeFolderSync } from '../../common/make-folder.js';

const folder = mkdtempSync(join(tmpdir(), 'asyncdiff-make-folder-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const refused = { code: 'cache_unwritable', message: expect.stringContaining('cannot make the folder') };

describe('a folder', () => {
  it('is made with those above it, by several at once, and stays where it is there', async () => {
    const deep = join(folder, 'a', 'b', 'c');
    await Promise.all(Array.from({ length: 8 }, () => makeFolder(deep)));
    expect(existsSync(deep)).toBe(true);
    makeFolderSync(deep);
    makeFolderSync(join(folder, 'd', 'e'));
    expect(existsSync(join(folder, 'd', 'e'))).toBe(true);
  });

  it('that a file or a link to nothing stands for is refused', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const link = join(folder, 'link');
    symlinkSync(join(folder, 'nowhere', 'at', 'all'), link);
    for (const path of [file, join(file, 'below'), link, join(link, 'below')]) {
      await expect(makeFolder(path)).rejects.toMatchObject(refused);
      expect(() => makeFolderSync(path)).toThrow(expect.objectContaining(refused));
    }
  });

  it.skipIf(process.platform !== 'linux')('below /proc is refused, not tried for ever', async () => {
    for (const path of ['/proc/asyncdiff', '/proc/asyncdiff/plans', '/proc/self/asyncdiff/x']) {
      await expect(makeFolder(path)).rejects.toMatchObject(refused);
      expect(() => makeFolderSync(path)).toThrow(expect.objectContaining(refused));
    }
  });
});
