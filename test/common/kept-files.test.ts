import { existsSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { keepFile, listKept, pruneKept, touchKept } from '../../common/kept-files.js';
import { tempFolder } from '../support/temp-folder.js';

it('the least recently used go, by number and by bytes, and what was left unfinished long ago', async () => {
  const folder = join(tempFolder(), 'kept');
  expect(await listKept(folder)).toEqual([]);
  const path = (at: number): string => join(folder, `${at}.json`);
  for (let at = 0; at < 4; at++) {
    await keepFile(path(at), 'x'.repeat(10 * (at + 1)), {});
    utimesSync(path(at), at, at);
  }
  await touchKept(path(0));
  const [stale, fresh] = [join(folder, 'a.tmp'), join(folder, 'b.tmp')];
  for (const one of [stale, fresh]) writeFileSync(one, '');
  utimesSync(stale, 1, 1);
  expect((await listKept(folder)).map(({ name }) => name)).toEqual(['1.json', '2.json', '3.json', '0.json']);
  expect([existsSync(stale), existsSync(fresh)]).toEqual([false, true]);
  expect(await pruneKept(folder, { maxFiles: 3 })).toBe(20);
  expect(await pruneKept(folder, { maxBytes: 50 })).toBe(30);
  await keepFile(path(5), 'new', { maxFiles: 2 });
  expect((await listKept(folder)).map(({ name }) => name)).toEqual(['0.json', '5.json']);
});
