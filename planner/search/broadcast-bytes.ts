import type { MainValue } from './main-value.js';
import { wireBytes, type WireDType } from './wire-form.js';

/**
 * Bytes of the outputs of all modules that depend on the latents: what the official code broadcasts per round
 * (asyncdiff/pipe_config.py lists its modules: conv_in, each resnet, attention and sampler, each transformer block).
 * A module is read off the node names that torch.onnx.export gives (`/down_blocks.0/resnets.1/conv1/Conv`); 0 where
 * the names carry no modules.
 */
export function broadcastBytes(
  mainNames: readonly string[],
  mainValues: readonly MainValue[],
  output: string,
  wireDtype: WireDType,
): number {
  const modules = mainNames.map(moduleOf);
  const containers = new Set(
    modules.flatMap((name) => (name?.includes('/') === true ? [name.slice(0, name.indexOf('/'))] : [])),
  );
  let bytes = 0;
  for (const { value, producer, users } of mainValues) {
    const module = modules[producer];
    // Between the modules of a block there is glue (concatenations, casts) that belongs to none of them.
    if (module === undefined || containers.has(module)) continue;
    const leaves = value.name === output || users.some((user) => modules[user] !== module);
    if (leaves) bytes += wireBytes(value, wireDtype);
  }
  return bytes;
}

/** `down_blocks.0/resnets.1`, `transformer_blocks.4`, `conv_in`; undefined for a node outside any module. */
function moduleOf(nodeName: string): string | undefined {
  const [, first, second, third] = nodeName.split('/');
  if (first === undefined || second === undefined) return undefined;
  return third !== undefined && /\.\d+$/.test(second) ? `${first}/${second}` : first;
}
