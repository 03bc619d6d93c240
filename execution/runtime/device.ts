import type * as Ort from 'onnxruntime-node';
import { AsyncDiffError } from '../../common/errors/index.js';

/** A device as users write it: `cpu`, `cuda`, `cuda:1`, `webgpu`, ..., `declared:PROFILE.json`. */
export type DeviceSpec =
  | {
      readonly kind: 'onnxruntime';
      readonly provider: string;
      readonly deviceId: number;
      readonly text: string;
    }
  | { readonly kind: 'declared'; readonly profile: string; readonly text: string };

/**
 * Device words and the execution providers of onnxruntime-node 1.30 behind them. Bundled on linux x64: cpu, webgpu;
 * cuda and tensorrt need `asyncdiff setup cuda`; dml is bundled on Windows, coreml on macOS.
 */
const EXECUTION_PROVIDERS: readonly string[] = Object.freeze([
  'cpu',
  'cuda',
  'tensorrt',
  'webgpu',
  'dml',
  'coreml',
  'qnn',
]);

/** Reads a device as written on the command line. Throws `invalid_settings`. */
export function parseDevice(text: string): DeviceSpec {
  if (text.startsWith('declared:')) {
    const profile = text.slice('declared:'.length);
    if (profile === '')
      throw new AsyncDiffError('invalid_settings', `device "${text}" names no profile`, {
        hint: 'Write declared:PROFILE.json, or a built-in name such as declared:a5000-sd21.',
      });
    return { kind: 'declared', profile, text };
  }
  const match = /^([a-z]+)(?::(\d+))?$/.exec(text);
  const provider = match?.[1];
  if (provider === undefined || !EXECUTION_PROVIDERS.includes(provider)) {
    throw new AsyncDiffError('invalid_settings', `unknown device "${text}"`, {
      hint: `Devices: ${EXECUTION_PROVIDERS.join(', ')} (with :INDEX where there are several), or declared:PROFILE.json.`,
    });
  }
  return { kind: 'onnxruntime', provider, deviceId: Number(match?.[2] ?? 0), text };
}

/** What to do when a provider cannot be loaded. @param text what ONNX Runtime said */
export function providerHint(provider: string, text = ''): string {
  if (/requires f16/.test(text))
    return 'This device does not compute in float16: take a float32 export of the model, or another device.';
  if (provider === 'cuda' || provider === 'tensorrt') {
    return 'Run `asyncdiff setup cuda` once (in a checkout: `npm run setup:cuda`), with CUDA 12 and cuDNN 9 on LD_LIBRARY_PATH; `asyncdiff doctor` checks it.';
  }
  if (provider === 'webgpu')
    return 'WebGPU needs a GPU with a Vulkan, Metal or D3D12 driver; `asyncdiff doctor` tries every device.';
  return `The ${provider} provider is not part of onnxruntime-node on this platform; use --device cpu, or see \`asyncdiff doctor\`.`;
}

/**
 * Whether sessions on this device can leave a result there for the next one. Of onnxruntime-node 1.30's devices `webgpu` can (`preferredOutputLocation`, a tensor
 * of location `gpu-buffer`); with every other one results are copied to the host's memory when a run ends.
 */
export function keepsValues({ provider }: Extract<DeviceSpec, { kind: 'onnxruntime' }>): boolean {
  return provider === 'webgpu';
}

/**
 * How ONNX Runtime keeps the memory of values. On the CPU without its memory pattern: with it the second run takes one block for all values, laid out after the
 * first, and the arena keeps the pieces of the first run beside it. The time is the same without, and so are the bits.
 */
export function memoryOptions(provider: string): Ort.InferenceSession.SessionOptions {
  return provider === 'cpu' ? { enableMemPattern: false } : {};
}

/** A device as ONNX Runtime's execution provider. */
export function providerOption({
  provider: name,
  deviceId,
}: Extract<DeviceSpec, { kind: 'onnxruntime' }>): Ort.InferenceSession.ExecutionProviderConfig {
  return name === 'cpu' || name === 'webgpu'
    ? name
    : ({ name, deviceId } as Ort.InferenceSession.ExecutionProviderConfig);
}
