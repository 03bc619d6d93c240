// A model without a sampler over a list of inputs, as a pipeline: each worker holds a part of the model and computes another item. Here it
// is the text encoder of the bundled model, on eight prompts of random tokens; for another one, give its inputs by the graph's names.
//
//     node examples/run-list.mjs models/emoji/text_encoder/model.onnx
import { LocalCluster } from 'asyncdiff/local';

const [model = 'models/emoji/text_encoder/model.onnx'] = process.argv.slice(2);

/** Token ids of one prompt, int64 [1, 16]. */
function prompt(at) {
  const data = BigInt64Array.from({ length: 16 }, (_, place) => BigInt((7 * at + place) % 40));
  return { dtype: 'int64', dims: [1, 16], data };
}

const cluster = await LocalCluster.start({ workers: 2, threads: 1 });
try {
  const job = cluster.client.run({
    // On a coordinator elsewhere: await client.uploadModel(model).
    modelSha256: await cluster.addModel(model),
    items: Array.from({ length: 8 }, (_, at) => ({ input_ids: prompt(at) })),
  });
  for await (const event of job)
    if (event.type === 'output')
      for (const [name, { dtype, dims }] of Object.entries(event.outputs))
        console.log(`item ${event.item}: ${name} ${dtype} [${dims.join(', ')}]`);
  const { report } = await job.result();
  const { itemsPerSecond, oneWorkerItemsPerSecond } = report.throughput;
  console.log(
    `${itemsPerSecond.toFixed(1)} items/s, predicted on one worker ${oneWorkerItemsPerSecond.toFixed(1)}`,
  );
} finally {
  await cluster.close();
}
