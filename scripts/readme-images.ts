/**
 * Makes the pictures of the README with asyncdiff itself: `npx tsx scripts/readme-images.ts`. A grid of prompts, each drawn on two
 * workers (N=2, S=1) with the bundled model, one seed, nothing picked.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LocalCluster } from '../client/local/index.js';
import { writeImage } from '../cli/output.js';
import { packageRoot } from '../common/package.js';
import { decodePng, encodePng, gridPicture, type RgbImage } from '../common/image/index.js';

const PROMPTS = [
  'red apple',
  'tiger face',
  'blue rose',
  'hot beverage',
  'rocket',
  'purple house',
  'soccer ball',
  'black cat',
  'birthday cake',
  'green fish',
  'flat guitar',
  'camera',
];
const COLUMNS = 6;
const WORKERS = 2;

const abort = new AbortController();
process.once('SIGINT', () => abort.abort());
const cluster = await LocalCluster.start({
  workers: WORKERS,
  modelDir: join(packageRoot, 'models', 'emoji'),
  device: 'cpu',
  threads: 1,
  signal: abort.signal,
  stderr: process.stderr,
});
try {
  const images: RgbImage[] = [];
  for (const prompt of PROMPTS) {
    for await (const event of cluster.client.generate({
      prompt,
      seed: 0,
      plan: { components: WORKERS, warmUp: 3 },
      signal: abort.signal,
    })) {
      if (event.type === 'done') images.push(await decodePng(event.images[0] as Uint8Array));
    }
  }
  const folder = join(packageRoot, 'docs', 'images');
  await mkdir(folder, { recursive: true });
  await writeImage(
    join(folder, 'prompts.png'),
    await encodePng(gridPicture(images, PROMPTS, COLUMNS, { scale: 2 })),
  );
} finally {
  await cluster.close();
}
process.exit();
