import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ContentIndex } from '../../common/model-file/index.js';
import { tempFolder } from '../support/temp-folder.js';

it('what is remembered of a file is believed only whole: one that is damaged anywhere is hashed anew', async () => {
  const [folder, path] = [join(tempFolder(), 'hashes'), join(tempFolder(), 'weights')];
  const bytes = Buffer.from('some weights');
  writeFileSync(path, bytes);
  const range = { path, offsetBytes: 0, lengthBytes: bytes.length };
  const hash = async (): Promise<{ sha256: string | undefined; readBytes: number }> => {
    let readBytes = 0;
    const onBytes = (count: number): void => void (readBytes += count);
    const [sha256] = await new ContentIndex(folder).hashRanges([range], { onBytes });
    return { sha256, readBytes };
  };
  const right = createHash('sha256').update(bytes).digest('hex');
  expect(await hash()).toEqual({ sha256: right, readBytes: bytes.length });
  expect(await hash()).toEqual({ sha256: right, readBytes: 0 });
  const record = join(folder, readdirSync(folder)[0] as string);
  const length = readFileSync(record).length;
  for (let at = 0; at < length; at += 7) {
    const damaged = readFileSync(record);
    damaged[at] = (damaged[at] as number) ^ 1;
    writeFileSync(record, damaged);
    expect((await hash()).sha256, `byte ${at}`).toBe(right);
  }
});
