// A coordinator in this process and workers beside it, without a server to start first:
//
//     node examples/local-cluster.mjs models/emoji "tiger face" tiger.png
import { writeFile } from 'node:fs/promises';
import { LocalCluster } from 'asyncdiff/local';

const [modelDir = 'models/emoji', prompt = 'tiger face', out = 'tiger.png', steps = '50'] =
  process.argv.slice(2);

const cluster = await LocalCluster.start({ modelDir, workers: 2, threads: 1, stderr: process.stderr });
try {
  const { images, report } = await cluster.client
    .generate({ prompt, numInferenceSteps: Number(steps), plan: { components: 2, stride: 1 } })
    .result();
  await writeFile(out, images[0]);
  console.log(`${out}: ${report.rounds} rounds, ${report.bytesBetweenWorkers} bytes between the workers`);
} finally {
  await cluster.close();
}
