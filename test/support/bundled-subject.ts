import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AsyncDiffClient } from '../../client/index.js';
import { packageRoot } from '../../common/package.js';
import { TorchGenerator } from '../../common/random/index.js';
import type { DenoiseSubject } from './denoise-settings.js';

const MODEL = join(packageRoot, 'models', 'emoji');

/** The bundled U-Net, with inputs of a seed, given to a coordinator. */
export async function bundledSubject(client: AsyncDiffClient, workDir: string): Promise<DenoiseSubject> {
  const modelPath = join(MODEL, 'unet', 'model.onnx');
  return {
    modelPath,
    modelSha256: await client.uploadModel(modelPath),
    schedulerConfig: readFileSync(join(MODEL, 'scheduler', 'scheduler_config.json'), 'utf8'),
    inputs: {
      sample: new TorchGenerator(1).randn([1, 4, 16, 16]),
      encoder_hidden_states: new TorchGenerator(2).randn([1, 16, 192]),
    },
    workDir,
  };
}
