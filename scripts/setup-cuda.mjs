// Fetches ONNX Runtime's CUDA 12 provider beside its Node binding. The package's own install script does it, which npm does
// not run (package.json's allowScripts) because most machines need none. It needs the network.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const root = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
const { status } = spawnSync(process.execPath, [join(root, 'script', 'install.js')], {
  stdio: 'inherit',
  env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'cuda12' },
});
if (status !== 0) {
  process.stderr.write(
    'error: the CUDA provider could not be fetched.\n' +
      'hint: without network, unzip runtimes/linux-x64/native/*.so of Microsoft.ML.OnnxRuntime.Gpu.Linux 1.30.0 beside the binding:\n' +
      `      ${join(root, 'bin', 'napi-v6', 'linux', 'x64')}\n`,
  );
  process.exit(1);
}
process.stdout.write('done; `npx asyncdiff doctor` shows whether the cuda device opens\n');
