// Draws a picture on a coordinator that runs somewhere:
//
//     node examples/client.mjs coordinator:50051 "red apple" apple.png
import { writeFile } from 'node:fs/promises';
import { AsyncDiffClient, AsyncDiffError } from 'asyncdiff';

const [address = '127.0.0.1:50051', prompt = 'red apple', out = 'apple.png', steps = '50'] =
  process.argv.slice(2);

const client = new AsyncDiffClient(address);
// Ctrl-C cancels the job at its next round.
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());

try {
  const job = client.generate({ prompt, seed: 0, numInferenceSteps: Number(steps), signal: stop.signal });
  console.error(`job ${job.id}`);
  for await (const event of job) {
    if (event.type === 'queued' && event.position > 0) console.error(`${event.position} jobs ahead`);
    if (event.type === 'progress') console.error(`step ${event.step} of ${event.steps}`);
    if (event.type === 'warning') console.error(event.message);
  }
  const { images, report } = await job.result();
  await writeFile(out, images[0]);
  console.log(`${out}: ${report.seconds.toFixed(2)} s on ${report.workers.length} workers`);
} catch (error) {
  if (!(error instanceof AsyncDiffError)) throw error;
  console.error(`${error.message}\n${error.hint}`);
  process.exitCode = error.exitCode;
} finally {
  client.close();
}
