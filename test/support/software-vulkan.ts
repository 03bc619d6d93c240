import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, dirname } from 'node:path';
import { packageRoot } from '../../common/package.js';

/** Where Debian's chromium-common has SwiftShader; .ci/run names another place where it had to fetch it. */
const INSTALLED = '/usr/lib/chromium/vk_swiftshader_icd.json';

/** What a process needs in its environment to find a Vulkan device: one in software where that is there, else what the machine has. */
export function vulkanEnvironment(): Record<string, string> {
  const driver = process.env['VK_DRIVER_FILES'] ?? (existsSync(INSTALLED) ? INSTALLED : undefined);
  if (driver === undefined) return {};
  const folders = [dirname(driver), process.env['LD_LIBRARY_PATH'] ?? ''].filter((folder) => folder !== '');
  return { VK_DRIVER_FILES: driver, XDG_RUNTIME_DIR: '/tmp', LD_LIBRARY_PATH: folders.join(delimiter) };
}

/** Runs a module's text in a process of its own that finds the device; what it printed, and why it failed where it did. */
export function runOnVulkan(script: string): { readonly stdout: string; readonly failure?: string } {
  const { status, stdout, stderr, error } = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', script],
    {
      cwd: packageRoot,
      env: { ...process.env, ...vulkanEnvironment() },
      encoding: 'utf8',
      timeout: 100_000,
    },
  );
  if (status === 0) return { stdout };
  return { stdout, failure: error?.message ?? /^.*Error: (.*)$/m.exec(stderr)?.[1] ?? stderr.slice(-500) };
}

/** Why no session of a model can be opened on `webgpu` here; undefined where one can. Asks ONNX Runtime itself. */
export function whyNoWebgpu(modelPath: string): string | undefined {
  return runOnVulkan(`import { InferenceSession } from 'onnxruntime-node';
    const options = { executionProviders: ['webgpu'], logSeverityLevel: 3 };
    await (await InferenceSession.create(${JSON.stringify(modelPath)}, options)).release();`).failure;
}
