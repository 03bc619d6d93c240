// Any noise predictor, without a text pipeline: an ONNX file, latents and conditioning. Here it is the U-Net of the bundled model,
// with random conditioning; for another one, change the shapes to what `asyncdiff plan --model FILE` shows.
//
//     node examples/own-predictor.mjs models/emoji/unet/model.onnx latents.f32
import { randomFillSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { LocalCluster } from 'asyncdiff/local';

const [predictor = 'models/emoji/unet/model.onnx', out, steps = '20'] = process.argv.slice(2);

/** A float32 tensor of values from -1 to 1. */
function random(dims) {
  const count = dims.reduce((product, dim) => product * dim, 1);
  const data = Float32Array.from(randomFillSync(new Int8Array(count)), (value) => value / 128);
  return { dtype: 'float32', dims, data };
}

const cluster = await LocalCluster.start({ workers: 2, threads: 1 });
try {
  const job = cluster.client.denoise({
    // On a coordinator elsewhere: await client.uploadModel(predictor).
    modelSha256: await cluster.addModel(predictor),
    // scheduler_config.json, as diffusers writes it.
    schedulerConfig: await readFile('models/emoji/scheduler/scheduler_config.json', 'utf8'),
    numInferenceSteps: Number(steps),
    // By the names of the graph's inputs. `sample`: the latents of the first step, [batch, channels, height, width].
    inputs: { sample: random([1, 4, 16, 16]), encoder_hidden_states: random([1, 16, 192]) },
    plan: { components: 2 },
  });
  const { latents } = await job.result();
  const bytes = Buffer.from(latents.data.buffer, latents.data.byteOffset, latents.data.byteLength);
  if (out !== undefined) await writeFile(out, bytes);
  console.log(`${out ?? 'latents'}: float32 [${latents.dims.join(', ')}]`);
} finally {
  await cluster.close();
}
