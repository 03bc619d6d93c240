import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot } from '../../common/package.js';
import { openOrtSession, parseDevice } from '../../execution/index.js';

it('ids that the model has no row for are told as such, with their range', async () => {
  const device = parseDevice('cpu');
  if (device.kind === 'declared') throw new Error('unreachable');
  const graphPath = join(packageRoot, 'models', 'emoji', 'text_encoder', 'model.onnx');
  const session = await openOrtSession(
    { graphPath, tensors: new Map() },
    { device, threads: 1, optimizationLevel: 'basic' },
  );
  const ids = new BigInt64Array(16).fill(999_999n);
  const run = session.run({ input_ids: { dtype: 'int64', dims: [1, 16], data: ids } });
  await expect(run).rejects.toMatchObject({
    code: 'invalid_input',
    message: expect.stringMatching(/no row for: .*999999 must be within.*input_ids int64\[1,16\]/) as unknown,
    hint: expect.stringContaining('tokenizer') as unknown,
  });
  await session.release();
});
