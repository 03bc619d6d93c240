/**
 * Entry of a process that opens a small model on a device and says on standard output why it cannot. What a driver prints, and how it dies,
 * stays here.
 */
import { join } from 'node:path';
import { AsyncDiffError } from '../common/errors/index.js';
import { packageRoot } from '../common/package.js';
import { openOrtSession } from './ort-session.js';
import { parseDevice } from './runtime/index.js';

/** The VAE decoder of the bundled model: small, with the convolutions that every device must know. */
const PROBE_MODEL = join(packageRoot, 'models', 'emoji', 'vae_decoder', 'model.onnx');

const [, , device = 'cpu'] = process.argv;
try {
  const spec = parseDevice(device);
  if (spec.kind !== 'onnxruntime') throw new AsyncDiffError('usage', 'not a device of ONNX Runtime');
  const model = { graphPath: PROBE_MODEL, tensors: new Map() };
  const session = await openOrtSession(model, { device: spec, threads: 1, optimizationLevel: 'basic' });
  await session.release();
} catch (error) {
  const { rawMessage } = AsyncDiffError.from(error);
  // Drops the place in ONNX Runtime's source.
  process.stdout.write(
    rawMessage.replace(`device ${device}: `, '').replace(/^\/\S+:\d+ .* was false\. /, ''),
  );
}
