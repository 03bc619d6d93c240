import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot } from '../../../common/package.js';
import { Pipeline } from '../../../coordinator/pipeline/index.js';

const EMOJI = join(packageRoot, 'models', 'emoji');

it('refuses a call where the folder was changed around the predictor, naming the file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'asyncdiff-changed-'));
  cpSync(EMOJI, folder, { recursive: true });
  const pipeline = await Pipeline.open(folder, { threads: 1 });
  try {
    const call = { prompt: 'red apple' };
    await pipeline.check(call);
    // The last of them first: of several the first is named.
    for (const file of [
      'scheduler/scheduler_config.json',
      'tokenizer/tokenizer.json',
      'text_encoder/model.onnx',
    ]) {
      const path = join(folder, file);
      const refusal = { code: 'model_invalid', message: expect.stringContaining(`${file} of `) as unknown };
      rmSync(path);
      await expect(pipeline.check(call), 'deleted').rejects.toMatchObject(refusal);
      cpSync(join(EMOJI, file), path);
      await expect(pipeline.check(call), 'another file of the same bytes').rejects.toMatchObject(refusal);
    }
  } finally {
    await pipeline.close();
    rmSync(folder, { recursive: true });
  }
});
